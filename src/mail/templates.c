// SPDX-License-Identifier: MIT
#include "auth/mail/templates.h"

#include <stdlib.h>

#include "auth/base/log.h"
#include "templates_internal.h"

#define ARENA_BYTES       (TEMPLATE_SUM_BYTES_MAX + (1u << 20))
#define FIRST_BYTES       2048u
#define SUBJECT_BYTES_MAX 512u
#define TEXT_BYTES_MAX    (256u * 1024u)

struct template_language *template_language_get(struct mail_templates *templates, struct str name)
{
    for (size_t i = 0; i < templates->language_count; i++)
        if (str_equal_nocase(templates->languages[i].name, name)) return &templates->languages[i];
    if (templates->language_count == TEMPLATE_LANGUAGES_MAX) return NULL;
    struct template_language *made = &templates->languages[templates->language_count++];
    made->name = str_copy(templates->arena, name);
    return made;
}

size_t template_kind_find(const struct mail_templates *templates, struct str name)
{
    size_t kind = 0;
    while (kind < templates->kind_count && !str_equal(name, str_from(templates->kinds[kind]))) kind++;
    return kind;
}

static void take_builtins(struct mail_templates *templates)
{
    for (const struct template_builtin *row = template_builtins; row->language; row++) {
        const size_t kind = template_kind_find(templates, str_from(row->kind));
        struct template_language *language = template_language_get(templates, str_from(row->language));
        if (kind == templates->kind_count || !language) panic("a template of no kind: %s", row->kind);
        language->texts[kind][row->form] = (struct str){row->bytes, row->count};
    }
}

static result check_language(struct task *task, const struct mail_templates *templates,
                             const struct template_language *language)
{
    for (size_t n = 0; n < templates->kind_count * TEMPLATE_FORM_COUNT; n++) {
        const size_t kind = n / TEMPLATE_FORM_COUNT;
        const size_t form = n % TEMPLATE_FORM_COUNT;
        if (language->texts[kind][form].ptr) continue;
        FAIL(&task->fault, BAD_REQUEST, "mail templates: %.*s/%s%s is missing", STR_ARGS(language->name),
             templates->kinds[kind], template_suffixes[form]);
    }
    return RESULT_OK;
}

/* A language that lacks a text would mix with another one, and be noticed when a person waits for a code. */
static result check_whole(struct task *task, const struct mail_templates *templates)
{
    for (size_t i = 0; i < templates->language_count; i++)
        TRY(check_language(task, templates, &templates->languages[i]));
    return RESULT_OK;
}

/* Without its last subtag; RFC 4647 §3.4 lookup also drops a single letter that is then at the end. */
static struct str shorter(struct str tag)
{
    while (tag.len > 0 && tag.ptr[tag.len - 1] != '-' && tag.ptr[tag.len - 1] != '_') tag.len--;
    if (tag.len > 0) tag.len--;
    if (tag.len > 2 && (tag.ptr[tag.len - 2] == '-' || tag.ptr[tag.len - 2] == '_')) tag.len -= 2;
    return tag;
}

static const struct template_language *find_language(const struct mail_templates *templates,
                                                     struct str locale)
{
    for (struct str tag = locale; !is_empty(tag); tag = shorter(tag)) {
        for (size_t i = 0; i < templates->language_count; i++)
            if (str_equal_nocase(templates->languages[i].name, tag)) return &templates->languages[i];
    }
    return NULL;
}

static result choose_initial(struct task *task, struct mail_templates *templates, struct str language)
{
    templates->initial = find_language(templates, language);
    if (templates->initial && str_equal_nocase(templates->initial->name, language)) return RESULT_OK;
    FAIL(&task->fault, BAD_REQUEST, "AUTH_MAIL_LANGUAGE: there are no mail templates in %.*s",
         STR_ARGS(language));
}

static result fill_set(struct task *task, struct mail_templates *templates,
                       const struct mail_templates_options *options)
{
    take_builtins(templates);
    if (!is_empty(options->folder)) TRY(template_folder_read(task, templates, options->folder));
    TRY(check_whole(task, templates));
    return choose_initial(task, templates, options->language);
}

result mail_templates_create(struct task *task, const struct mail_templates_options *options,
                             struct mail_templates **ret_templates)
{
    if (options->kind_count > TEMPLATE_KINDS_MAX) panic("too many kinds of mail");
    struct mail_templates *templates = calloc(1, sizeof *templates);
    if (!templates) panic("out of memory");
    templates->arena = arena_create(ARENA_BYTES);
    templates->kinds = options->kinds;
    templates->kind_count = options->kind_count;
    const result filled = fill_set(task, templates, options);
    if (is_ok(filled))
        *ret_templates = templates;
    else
        mail_templates_destroy(templates);
    return filled;
}

void mail_templates_destroy(struct mail_templates *templates)
{
    if (!templates) return;
    arena_destroy(templates->arena);
    free(templates);
}

static const struct template_language *language_of(const struct mail_templates *templates, struct str locale)
{
    const struct template_language *language = find_language(templates, locale);
    return language ? language : templates->initial;
}

struct str mail_templates_language(const struct mail_templates *templates, struct str locale)
{
    return language_of(templates, locale)->name;
}

/* One line, of a length that is cut between characters: what people say of themselves forms no lines of its own. */
static struct str tame(struct arena *arena, struct str value)
{
    char *tamed = arena_alloc(arena, value.len + 1);
    size_t len = value.len < MAIL_VALUE_BYTES_MAX ? value.len : MAIL_VALUE_BYTES_MAX;
    while (len > 0 && len < value.len && ((unsigned char)value.ptr[len] & 0xc0) == 0x80) len--;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)value.ptr[i];
        tamed[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    return (struct str){tamed, len};
}

static result fill_one(struct task *task, struct str template, enum template_form form,
                       const struct mail_values *values, struct str *ret_text)
{
    struct strbuf out;
    strbuf_init(&out, task->arena, FIRST_BYTES, TEXT_BYTES_MAX);
    template_fill(template, form, values, &out);
    return strbuf_finish(&out, ret_text);
}

result mail_templates_fill(const struct mail_templates *templates, struct task *task, struct str locale,
                           size_t kind, const struct mail_values *values, struct mail_text *ret_text)
{
    const struct template_language *language = language_of(templates, locale);
    struct mail_values tamed;
    struct mail_text filled;
    for (unsigned i = 0; i < MAIL_SLOT_COUNT; i++) tamed.of[i] = tame(task->arena, values->of[i]);
    TRY(fill_one(task, language->texts[kind][TEMPLATE_TEXT], TEMPLATE_TEXT, &tamed, &filled.text));
    TRY(fill_one(task, language->texts[kind][TEMPLATE_HTML], TEMPLATE_HTML, &tamed, &filled.html));
    filled.subject = str_split(&filled.text, '\n');
    REQUIRE(filled.subject.len <= SUBJECT_BYTES_MAX, TOO_LARGE);
    (void)str_split(&filled.text, '\n');
    *ret_text = filled;
    return RESULT_OK;
}
