# auth_mail_templates(<target> <folder>): the templates of mail, <folder>/<language>/<kind>.txt and .html, as C arrays inside
# the target. A unit test reads them as a start reads an operator's, so that what is wrong in one ends the tests.
set(MAIL_TEMPLATES_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(auth_mail_templates target folder)
    file(GLOB templates CONFIGURE_DEPENDS ${folder}/*/*.txt ${folder}/*/*.html)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_templates.c)
    add_custom_command(
        OUTPUT ${generated}
        COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUTPUT=${generated} -P ${MAIL_TEMPLATES_SCRIPT}
        DEPENDS ${templates} ${MAIL_TEMPLATES_SCRIPT}
        COMMENT "Embedding the templates of ${folder}"
        VERBATIM)
    target_sources(${target} PRIVATE ${generated})
    set_source_files_properties(${generated} PROPERTIES INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

function(generate)
    file(GLOB templates ${FOLDER}/*/*.txt ${FOLDER}/*/*.html)
    list(SORT templates)
    set(arrays "")
    set(rows "")
    set(index 0)
    foreach(template IN LISTS templates)
        file(READ ${template} bytes HEX)
        string(LENGTH "${bytes}" digits)
        math(EXPR count "${digits} / 2")
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
        string(REGEX REPLACE "^.*/([^/]+)/([^/]+)\\.(txt|html)$" "\\1;\\2;\\3" parts "${template}")
        list(GET parts 0 language)
        list(GET parts 1 kind)
        list(GET parts 2 suffix)
        string(REPLACE "html" "TEMPLATE_HTML" form "${suffix}")
        string(REPLACE "txt" "TEMPLATE_TEXT" form "${form}")
        string(APPEND arrays "static const char template_${index}[] = \"${bytes}\";\n")
        string(APPEND rows "    {\"${language}\", \"${kind}\", ${form}, template_${index}, ${count}},\n")
        math(EXPR index "${index} + 1")
    endforeach()
    file(WRITE ${OUTPUT}
        "/* Generated from the templates by cmake/mail_templates.cmake. */\n#include \"template_internal.h\"\n\n${arrays}\n"
        "const struct template_builtin template_builtins[] = {\n${rows}    {0},\n};\n")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    generate()
endif()
