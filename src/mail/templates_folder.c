// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "templates_internal.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Subtags of letters and digits by hyphens, the first one of two or three letters: RFC 5646, as far as names go. */
static bool is_language(struct str name)
{
    struct str rest = name;
    const struct str first = str_split(&rest, '-');
    if (first.len < 2 || first.len > 3 || name.len > 35 || name.ptr[name.len - 1] == '-') return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter_or_digit(name.ptr[i]) && name.ptr[i] != '-') return false;
    return true;
}

static void close_scoped(FILE **file)
{
    if (*file) (void)fclose(*file);
}

static result read_file(struct task *task, struct mail_templates *templates, struct str path,
                        struct str *ret_text)
{
    FILE *file SCOPED(close_scoped) = fopen(path.ptr, "rbe");
    if (!file) FAIL(&task->fault, BAD_REQUEST, "%s cannot be read: %s", path.ptr, strerror(errno));
    char *text = arena_alloc(task->arena, TEMPLATE_FILE_BYTES_MAX + 1);
    const size_t len = fread(text, 1, TEMPLATE_FILE_BYTES_MAX + 1, file);
    if (ferror(file)) FAIL(&task->fault, BAD_REQUEST, "%s cannot be read", path.ptr);
    if (len > TEMPLATE_FILE_BYTES_MAX) FAIL(&task->fault, BAD_REQUEST, "%s is longer than 64 KiB", path.ptr);
    templates->byte_count += len;
    if (templates->byte_count > TEMPLATE_SUM_BYTES_MAX)
        FAIL(&task->fault, BAD_REQUEST, "%s: the templates are more than 8 MiB", path.ptr);
    *ret_text = str_copy(templates->arena, (struct str){text, len});
    return RESULT_OK;
}

/* In an arena of its own, since there may be hundreds. */
static result take_file(struct task *task, struct mail_templates *templates, struct str path,
                        enum template_form form, struct str *ret_text)
{
    struct arena *const kept = task->arena;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(4u * TEMPLATE_FILE_BYTES_MAX);
    task->arena = arena;
    const result read = read_file(task, templates, path, ret_text);
    task->arena = kept;
    TRY(read);
    unsigned line;
    const char *problem = template_problem(*ret_text, form, &line);
    if (problem) FAIL(&task->fault, BAD_REQUEST, "%s:%u: %s", path.ptr, line, problem);
    return RESULT_OK;
}

/* "verify.txt": which kind, and which of its two files. */
static bool parse_name(const struct mail_templates *templates, struct str name, size_t *ret_kind,
                       enum template_form *ret_form)
{
    for (unsigned form = 0; form < TEMPLATE_FORM_COUNT; form++) {
        const struct str suffix = str_from(template_suffixes[form]);
        if (name.len <= suffix.len || !str_equal(str_from_offset(name, name.len - suffix.len), suffix))
            continue;
        *ret_kind = template_kind_find(templates, (struct str){name.ptr, name.len - suffix.len});
        *ret_form = (enum template_form)form;
        return *ret_kind < templates->kind_count;
    }
    return false;
}

/* The files of one language that were found. */
struct found {
    bool is_there[TEMPLATE_KINDS_MAX][TEMPLATE_FORM_COUNT];
};

/* A text of the operator's beside a page of ours would tell two stories. */
static result check_pairs(struct task *task, const struct mail_templates *templates, struct str folder,
                          const struct found *found)
{
    for (size_t kind = 0; kind < templates->kind_count; kind++) {
        if (found->is_there[kind][TEMPLATE_TEXT] == found->is_there[kind][TEMPLATE_HTML]) continue;
        const unsigned missing = found->is_there[kind][TEMPLATE_TEXT] ? TEMPLATE_HTML : TEMPLATE_TEXT;
        FAIL(&task->fault, BAD_REQUEST, "%s/%s%s is missing: a kind is replaced by both of its files",
             folder.ptr, templates->kinds[kind], template_suffixes[missing]);
    }
    return RESULT_OK;
}

static void closedir_scoped(DIR **folder)
{
    if (*folder) (void)closedir(*folder);
}

static result open_folder(struct task *task, struct str path, DIR **ret_folder)
{
    *ret_folder = opendir(path.ptr);
    if (!*ret_folder)
        FAIL(&task->fault, BAD_REQUEST, "AUTH_MAIL_TEMPLATES: %s cannot be read: %s", path.ptr,
             strerror(errno));
    return RESULT_OK;
}

static result read_language(struct task *task, struct mail_templates *templates, struct str name,
                            struct str path)
{
    struct found *found = arena_alloc(task->arena, sizeof *found);
    struct template_language *language = template_language_get(templates, name);
    DIR *folder SCOPED(closedir_scoped) = NULL;
    if (!language) FAIL(&task->fault, BAD_REQUEST, "%s: too many languages", path.ptr);
    TRY(open_folder(task, path, &folder));
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t kind;
        enum template_form form;
        if (entry->d_name[0] == '.') continue;
        const struct str file = str_printf(task->arena, "%s/%s", path.ptr, entry->d_name);
        if (!parse_name(templates, str_from(entry->d_name), &kind, &form))
            FAIL(&task->fault, BAD_REQUEST, "%s is not a template: there is no such kind of mail", file.ptr);
        TRY(take_file(task, templates, file, form, &language->texts[kind][form]));
        found->is_there[kind][form] = true;
    }
    return check_pairs(task, templates, path, found);
}

/* Names that begin with a dot are passed over: Kubernetes lays out volumes with such. */
result template_folder_read(struct task *task, struct mail_templates *templates, struct str folder)
{
    DIR *languages SCOPED(closedir_scoped) = NULL;
    const struct str path = str_copy(task->arena, folder);
    TRY(open_folder(task, path, &languages));
    for (const struct dirent *entry = readdir(languages); entry; entry = readdir(languages)) {
        const struct str name = str_from(entry->d_name);
        if (entry->d_name[0] == '.') continue;
        const struct str inner = str_printf(task->arena, "%s/%s", path.ptr, entry->d_name);
        if (!is_language(name))
            FAIL(&task->fault, BAD_REQUEST, "%s is not the folder of a language, such as en or de-AT",
                 inner.ptr);
        TRY(read_language(task, templates, str_copy(task->arena, name), inner));
    }
    return RESULT_OK;
}
