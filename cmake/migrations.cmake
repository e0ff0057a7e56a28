# auth_migrations(<target> <folder>): the revisions of a folder as C arrays in graph order, and the declared schema of
# <folder>/schema, inside the target. A program
# made of the migrator's own parser reads them, so that what the build accepts and what a run accepts are the same; it
# ends the build with file:line and a reason at anything wrong.
set(AUTH_MIGRATE_DIR ${CMAKE_SOURCE_DIR}/src/migrate)
set(AUTH_SCHEMA_DIR ${CMAKE_SOURCE_DIR}/src/migrate/schema)

add_executable(embed_migrations
    ${AUTH_MIGRATE_DIR}/embed/main.c ${AUTH_MIGRATE_DIR}/revision.c ${AUTH_MIGRATE_DIR}/revision_load.c
    ${AUTH_MIGRATE_DIR}/revision_rules.c ${AUTH_MIGRATE_DIR}/revision_set.c ${AUTH_SCHEMA_DIR}/schema_text.c
    ${CMAKE_SOURCE_DIR}/src/store/migration_failure.c ${CMAKE_SOURCE_DIR}/src/store/migration_place.c
    ${CMAKE_SOURCE_DIR}/src/store/sql_lexer.c ${CMAKE_SOURCE_DIR}/src/store/sql_split.c)
target_link_libraries(embed_migrations PRIVATE auth_base)
target_compile_options(embed_migrations PRIVATE -include auth/base/banned.h)

function(auth_migrations target folder)
    file(GLOB revisions CONFIGURE_DEPENDS ${folder}/*.sql ${folder}/schema/*.sql)
    list(SORT revisions)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_revisions.c)
    # The list is an input too: a deleted file must embed anew.
    set(list_file ${generated}.list)
    file(CONFIGURE OUTPUT ${list_file} CONTENT "${revisions}" @ONLY)
    add_custom_command(
        OUTPUT ${generated}
        COMMAND embed_migrations ${folder} ${generated}
        DEPENDS embed_migrations ${revisions} ${list_file}
        COMMENT "Embedding the revisions of ${folder}"
        VERBATIM)
    target_sources(${target} PRIVATE ${generated})
    set_source_files_properties(${generated} PROPERTIES INCLUDE_DIRECTORIES "${CMAKE_SOURCE_DIR}/src/migrate;${CMAKE_SOURCE_DIR}/src/migrate/schema")
endfunction()
