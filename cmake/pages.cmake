# auth_pages(<target> <folder>): the files of the pages that links in mail lead to, as C arrays inside the target. @css@ and
# @js@ in page.html become the versions of the other two, which are the heads of their digests.
set(PAGES_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(auth_pages target folder)
    file(GLOB files CONFIGURE_DEPENDS ${folder}/page.*)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_pages.c)
    add_custom_command(
        OUTPUT ${generated}
        COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUTPUT=${generated} -P ${PAGES_SCRIPT}
        DEPENDS ${files} ${PAGES_SCRIPT}
        COMMENT "Embedding the pages of ${folder}"
        VERBATIM)
    target_sources(${target} PRIVATE ${generated})
    set_source_files_properties(${generated} PROPERTIES INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

function(hex_of text ret_hex)
    string(HEX "${text}" hex)
    set(${ret_hex} ${hex} PARENT_SCOPE)
endfunction()

function(generate)
    set(text "/* Generated from the pages by cmake/pages.cmake. */\n#include \"page_files_internal.h\"\n")
    file(READ ${FOLDER}/page.html html HEX)
    foreach(kind css js)
        file(READ ${FOLDER}/page.${kind} ${kind} HEX)
        file(SHA256 ${FOLDER}/page.${kind} digest)
        string(SUBSTRING ${digest} 0 16 version)
        hex_of("@${kind}@" placeholder)
        hex_of("${version}" version_hex)
        string(REPLACE "${placeholder}" "${version_hex}" html "${html}")
        string(APPEND text "\nconst struct str page_${kind}_version = STR_INIT(\"${version}\");\n")
    endforeach()
    foreach(kind html css js)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${${kind}}")
        string(APPEND text "\nstatic const char ${kind}[] = \"${bytes}\";\n"
            "const struct str page_${kind} = {${kind}, sizeof ${kind} - 1};\n")
    endforeach()
    file(WRITE ${OUTPUT} "${text}")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    generate()
endif()
