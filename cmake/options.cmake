# Language, warnings, hardening and sanitizers: the same for every file of the product.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

set(AUTH_SANITIZE "" CACHE STRING "Sanitizers: empty, address,undefined or thread")
set(AUTH_MIGRATIONS_DIR ${CMAKE_SOURCE_DIR}/migrations CACHE PATH "The revisions that are built in")
option(AUTH_COVERAGE "Count executed lines and branches" OFF)
option(AUTH_FUZZ "Build the fuzz targets (clang only)" OFF)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
    -Wall -Wextra -Wconversion -Wshadow -Wvla -Wswitch-enum -Wmissing-prototypes -Wstrict-prototypes
    -Wformat=2 -Wpointer-arith -Wundef -Werror -fno-strict-aliasing -fno-common)

if(AUTH_SANITIZE)
    add_compile_options(-fsanitize=${AUTH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
    add_link_options(-fsanitize=${AUTH_SANITIZE})
else()
    add_compile_options(-fstack-protector-strong -fstack-clash-protection)
    # clang 14 wants a second flag for this one; newer ones and gcc do not.
    check_c_compiler_flag(-ftrivial-auto-var-init=zero HAS_AUTO_VAR_INIT)
    if(HAS_AUTO_VAR_INIT)
        add_compile_options(-ftrivial-auto-var-init=zero)
    endif()
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        add_compile_options(-fcf-protection=full)
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT AUTH_COVERAGE)
        add_compile_definitions(_FORTIFY_SOURCE=3)
        add_compile_options(-ffunction-sections -fdata-sections)
    endif()
    add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack -pie)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")

# The parsers themselves report what they reach, or the fuzzer would work blindly.
if(AUTH_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(AUTH_COVERAGE)
    add_compile_options(--coverage -O0)
    add_link_options(--coverage)
endif()

# auth_module(<name> [SOURCES <files>] LINKS <libraries>): one module of the house, a static library of the folder's files
# whose links are the edges of the layering table in ARCHITECTURE.md.
function(auth_module name)
    cmake_parse_arguments(MODULE "" "" "SOURCES;LINKS" ${ARGN})
    if(NOT MODULE_SOURCES)
        file(GLOB MODULE_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    endif()
    add_library(auth_${name} STATIC ${MODULE_SOURCES})
    target_include_directories(auth_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(auth_${name} PUBLIC ${MODULE_LINKS})
    target_compile_options(auth_${name} PRIVATE -include auth/base/banned.h)
    if(NOT AUTH_SANITIZE)
        target_compile_options(auth_${name} PRIVATE -Wframe-larger-than=4096)
    endif()
endfunction()
