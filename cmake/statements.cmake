# Turns .sql files of named statements into C: the statements and the positions of their columns.
#
#   auth_statements(<target> PREFIX <name> HEADER <path below the include folder> FIRST_INDEX <n> SOURCES <files>)
#
# adds to the target a source that defines `statement_<name>` for each block, the table `<PREFIX>_statements` and
# `<PREFIX>_statement_count`, and puts the header that declares them on the target's include path. Statements are numbered
# from FIRST_INDEX on; numbers of one database connection must differ. A block:
#
#   -- name: session_by_id                       a C identifier in lower case
#   -- lane: read                                or write; may be left out of a SELECT, which reads
#   -- in: id uuid, name text?                   int, bool, text, bytes, uuid; `?`: may be NULL
#   -- out: account_id uuid, ended_at_ms int?    empty: no rows come back
#   SELECT account_id, ended_at_ms FROM sessions WHERE id = $1
#   -- dialect: sqlite                           what follows replaces the text above for that engine
#   SELECT ...
#
# The same file is the generator: cmake -DPREFIX= -DHEADER= -DFIRST_INDEX= -DOUTPUT_HEADER= -DOUTPUT_SOURCE=
# -DSOURCES=a.sql,b.sql -P statements.cmake. It stops at the first malformed block with "file:line: error: reason".

cmake_policy(VERSION 3.22)
set(STATEMENTS_MAX 512)  # DB_STATEMENTS_MAX in include/auth/store/db.h
set(VALUES_MAX 24)       # DB_PARAMETERS_MAX and DB_COLUMNS_MAX there

function(auth_statements target)
    cmake_parse_arguments(GENERATE "" "PREFIX;HEADER;FIRST_INDEX" "SOURCES" ${ARGN})
    set(script ${CMAKE_CURRENT_FUNCTION_LIST_FILE})
    set(folder ${CMAKE_BINARY_DIR}/generated/${target})
    set(header ${folder}/${GENERATE_HEADER})
    set(source ${folder}/${GENERATE_PREFIX}_statements.c)
    list(JOIN GENERATE_SOURCES "," joined)
    add_custom_command(
        OUTPUT ${source} ${header}
        COMMAND ${CMAKE_COMMAND} -DPREFIX=${GENERATE_PREFIX} -DHEADER=${GENERATE_HEADER}
                -DFIRST_INDEX=${GENERATE_FIRST_INDEX} -DOUTPUT_HEADER=${header} -DOUTPUT_SOURCE=${source}
                -DSOURCES=${joined} -P ${script}
        DEPENDS ${GENERATE_SOURCES} ${script}
        COMMENT "Generating the statements of ${target}"
        VERBATIM)
    target_sources(${target} PRIVATE ${source} ${header})
    target_include_directories(${target} PUBLIC ${folder})
endfunction()

# --- the generator -----------------------------------------------------------------------------------------------

macro(stop_at line reason)
    message(NOTICE "${file}:${line}: error: ${reason}")
    message(FATAL_ERROR "The statements cannot be generated.")
endmacro()

macro(block_begin)
    set(name "")
    set(lane "")
    set(sql "")
    set(dialect all)
    foreach(part in out sql_all sql_postgres sql_sqlite)
        set(${part} "")
        set(has_${part} FALSE)
    endforeach()
endmacro()

# "id uuid, name text?" into <result>_count, <result>_names and <result>_rows.
function(parse_values result text line what)
    set(names "")
    set(rows "")
    set(count 0)
    string(STRIP "${text}" text)
    if(text)
        string(REPLACE "," ";" items "${text}")
        foreach(item IN LISTS items)
            string(STRIP "${item}" item)
            if(NOT item MATCHES "^([a-z][a-z0-9_]*) (int|bool|text|bytes|uuid)([?]?)$")
                stop_at(${line} "\"${item}\" is not `name type`, the type one of int, bool, text, bytes, uuid, `?` if it may be NULL")
            endif()
            set(item_name ${CMAKE_MATCH_1})
            set(item_type ${CMAKE_MATCH_2})
            set(nullable false)
            if(CMAKE_MATCH_3)
                set(nullable true)
            endif()
            if(item_name IN_LIST names)
                stop_at(${line} "the ${what} ${item_name} is named twice")
            endif()
            list(APPEND names ${item_name})
            string(TOUPPER ${item_type} item_type)
            string(APPEND rows "        {\"${item_name}\", DB_${item_type}, ${nullable}},\n")
            math(EXPR count "${count} + 1")
        endforeach()
    endif()
    if(count GREATER VALUES_MAX)
        stop_at(${line} "${count} ${what}s, at most ${VALUES_MAX} are possible")
    endif()
    if(count EQUAL 0)
        set(rows "        {0},\n")
    endif()
    set(${result}_count ${count} PARENT_SCOPE)
    set(${result}_names "${names}" PARENT_SCOPE)
    set(${result}_rows "${rows}" PARENT_SCOPE)
endfunction()

# Every parameter is used in the text, and no other.
function(check_parameters text count line)
    string(REGEX MATCHALL "[$][0-9]+" used "${text}")
    foreach(number RANGE 1 ${count})
        if(count GREATER 0 AND NOT "$${number}" IN_LIST used)
            stop_at(${line} "${name} declares ${count} parameters and does not use $${number}")
        endif()
    endforeach()
    foreach(parameter IN LISTS used)
        string(SUBSTRING ${parameter} 1 -1 number)
        if(number LESS 1 OR number GREATER count)
            stop_at(${line} "${name} uses ${parameter} and declares ${count} parameters")
        endif()
    endforeach()
endfunction()

# SQL as C string literals, one a line; @S@ and its like stand for what CMake lists cannot carry.
function(c_literal result text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REGEX REPLACE "\n+$" "" text "${text}")
    string(REPLACE "\n" "\\n\"\n            \"" text "${text}")
    string(REPLACE "@L@" "[" text "${text}")
    string(REPLACE "@R@" "]" text "${text}")
    set(${result} "\"${text}\"" PARENT_SCOPE)
endfunction()

macro(check_block)
    if(NOT has_in OR NOT has_out)
        stop_at(${name_line} "${name} needs both `-- in:` and `-- out:`, if empty")
    endif()
    if(has_sql_all AND has_sql_postgres AND has_sql_sqlite)
        stop_at(${name_line} "${name} has a text for each dialect, and one more that no engine uses")
    endif()
    foreach(engine postgres sqlite)
        set(text_${engine} "${sql_${engine}}")
        if(NOT has_sql_${engine})
            set(text_${engine} "${sql_all}")
        endif()
        if("${text_${engine}}" STREQUAL "")
            stop_at(${name_line} "${name} has no text for ${engine}")
        endif()
    endforeach()
    if(NOT lane AND text_postgres MATCHES "^[ \n]*[Ss][Ee][Ll][Ee][Cc][Tt]")
        set(lane read)
    elseif(NOT lane)
        stop_at(${name_line} "${name} is not a SELECT: say `-- lane: read` or `-- lane: write`")
    endif()
endmacro()

macro(block_end)
    if(name)
        check_block()
        parse_values(parameters "${in}" ${in_line} parameter)
        parse_values(columns "${out}" ${out_line} column)
        check_parameters("${text_postgres}" ${parameters_count} ${name_line})
        check_parameters("${text_sqlite}" ${parameters_count} ${name_line})
        c_literal(literal_postgres "${text_postgres}")
        c_literal(literal_sqlite "${text_sqlite}")
        string(TOUPPER ${lane} lane)
        string(TOUPPER ${name} upper_name)
        set(positions "")
        foreach(column IN LISTS columns_names)
            string(TOUPPER ${column} column)
            set(position ${upper_name}_${column})
            if(position IN_LIST all_positions)
                stop_at(${out_line} "the position ${position} is taken by a column of another statement")
            endif()
            list(APPEND all_positions ${position})
            string(APPEND positions "    ${position},\n")
        endforeach()
        string(APPEND declarations "extern const struct statement statement_${name};\n")
        if(positions)
            string(APPEND declarations "enum {\n${positions}};\n")
        endif()
        string(APPEND definitions "const struct statement statement_${name} = {\n    .name = \"${name}\",\n"
            "    .sql = {[DB_POSTGRES] =\n            ${literal_postgres},\n        [DB_SQLITE] =\n            ${literal_sqlite}},\n"
            "    .lane = DB_LANE_${lane},\n    .parameter_count = ${parameters_count},\n"
            "    .parameters = {\n${parameters_rows}    },\n    .column_count = ${columns_count},\n"
            "    .columns = {\n${columns_rows}    },\n    .index = ${index},\n};\n\n")
        string(APPEND table "    &statement_${name},\n")
        math(EXPR index "${index} + 1")
        if(index GREATER STATEMENTS_MAX)
            stop_at(${name_line} "more than ${STATEMENTS_MAX} statements")
        endif()
    endif()
    block_begin()
endmacro()

macro(read_key key value)
    if("${key}" STREQUAL "name")
        block_end()
        if(NOT "${value}" MATCHES "^[a-z][a-z0-9_]*$")
            stop_at(${line_number} "\"${value}\" is not a name: lower case letters, digits and _")
        endif()
        if("${value}" IN_LIST all_names)
            stop_at(${line_number} "the name ${value} is taken by another statement")
        endif()
        set(name "${value}")
        set(name_line ${line_number})
        list(APPEND all_names ${name})
    elseif(NOT name)
        stop_at(${line_number} "`-- ${key}:` stands before `-- name:`")
    elseif("${key}" STREQUAL "lane")
        if(lane OR NOT "${value}" MATCHES "^(read|write)$")
            stop_at(${line_number} "the lane is read or write, said once")
        endif()
        set(lane ${value})
    elseif("${key}" STREQUAL "dialect")
        if(NOT "${value}" MATCHES "^(postgres|sqlite)$" OR "${dialect}" STREQUAL "${value}")
            stop_at(${line_number} "the dialect is postgres or sqlite, each said once")
        endif()
        set(dialect ${value})
    elseif("${key}" MATCHES "^(in|out)$")
        if(has_${key})
            stop_at(${line_number} "`-- ${key}:` is said twice")
        endif()
        set(${key} "${value}")
        set(has_${key} TRUE)
        set(${key}_line ${line_number})
    elseif(NOT has_sql_${dialect} AND NOT has_sql_all)
        stop_at(${line_number} "`-- ${key}:` is none of name, lane, in, out, dialect")
    endif()
endmacro()

macro(read_line)
    if("${line}" MATCHES "^-- ([a-z]+):[ ]*(.*)$")
        set(key ${CMAKE_MATCH_1})
        string(STRIP "${CMAKE_MATCH_2}" value)
        read_key(${key} "${value}")
    elseif("${line}" MATCHES "^[ \t]*--" OR "${line}" MATCHES "^[ \t]*$")
        # a comment or nothing
    elseif(NOT name)
        stop_at(${line_number} "SQL stands before `-- name:`")
    elseif("${line}" MATCHES "@S@")
        stop_at(${line_number} "a block is one statement, without a semicolon")
    else()
        string(APPEND sql_${dialect} "${line}\n")
        set(has_sql_${dialect} TRUE)
    endif()
endmacro()

macro(read_file)
    file(READ ${file} text)
    string(REPLACE ";" "@S@" text "${text}")
    string(REPLACE "[" "@L@" text "${text}")
    string(REPLACE "]" "@R@" text "${text}")
    if(text MATCHES "\\\\")
        stop_at(1 "a backslash; SQL knows none")
    endif()
    string(REPLACE "\n" ";" lines "${text}")
    set(line_number 0)
    block_begin()
    foreach(line IN LISTS lines)
        math(EXPR line_number "${line_number} + 1")
        read_line()
    endforeach()
    block_end()
endmacro()

function(generate)
    set(all_names "")
    set(all_positions "")
    set(declarations "")
    set(definitions "")
    set(table "")
    set(index ${FIRST_INDEX})
    string(REPLACE "," ";" files "${SOURCES}")
    foreach(file IN LISTS files)
        read_file()
    endforeach()
    if(NOT all_names)
        message(FATAL_ERROR "No statements in ${SOURCES}.")
    endif()
    string(TOUPPER "${HEADER}" guard)
    string(REGEX REPLACE "[^A-Z0-9]" "_" guard "${guard}")
    file(WRITE ${OUTPUT_HEADER}
        "/* Generated from the .sql files by cmake/statements.cmake: statements and the positions of their columns. */\n"
        "#ifndef ${guard}\n#define ${guard}\n\n#include \"auth/store/db.h\"\n\n${declarations}\n"
        "extern const struct statement *const ${PREFIX}_statements[];\n"
        "extern const size_t ${PREFIX}_statement_count;\n\n#endif\n")
    file(WRITE ${OUTPUT_SOURCE}
        "/* Generated from the .sql files by cmake/statements.cmake. */\n#include \"${HEADER}\"\n\n${definitions}"
        "const struct statement *const ${PREFIX}_statements[] = {\n${table}};\n"
        "const size_t ${PREFIX}_statement_count = sizeof ${PREFIX}_statements / sizeof *${PREFIX}_statements;\n")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    generate()
endif()
