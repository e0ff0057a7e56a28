include(support/store/statements.cmake)
set(TEST_LINKS test_statements)
