# The statements of the store's own tests, as a library; their numbers lie apart from those of the product.
if(NOT TARGET test_statements)
    add_library(test_statements STATIC EXCLUDE_FROM_ALL)
    target_link_libraries(test_statements PUBLIC auth_store)
    auth_statements(test_statements PREFIX test HEADER test_statements.h FIRST_INDEX 256
                    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test.sql)
endif()
