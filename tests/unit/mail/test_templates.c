// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../../src/mail/template_internal.h"
#include "auth/base/strbuf.h"

static struct arena *arena;
static struct task task;
static char folder[64];

static const char *const KINDS[] = {"verify",
                                    "signup_repeated",
                                    "login_code",
                                    "password_reset",
                                    "email_change",
                                    "email_change_asked",
                                    "email_changed",
                                    "invitation",
                                    "new_device",
                                    "password_changed",
                                    "factor_added",
                                    "factor_removed",
                                    "recovery_code_used",
                                    "api_key_created",
                                    "account_closed",
                                    "test"};
enum { VERIFY = 0, LOGIN_CODE = 2, KIND_COUNT = ARRAY_COUNT(KINDS) };

static void begin(void)
{
    char name[] = "/tmp/templates-XXXXXX";
    arena = arena_create(8u << 20);
    task_init(&task, arena, STR("test"), 60000);
    cr_assert(mkdtemp(name));
    snprintf(folder, sizeof folder, "%s", name);
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
    arena_destroy(arena);
}

TestSuite(mail_templates, .init = begin, .fini = end);

static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", folder, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    (void)mkdir(full, 0755);
    *slash = '/';
    FILE *file = fopen(full, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static result make(const char *language, const char *from, struct mail_templates **ret)
{
    const struct mail_templates_options options = {
        .folder = str_from(from), .language = str_from(language), .kinds = KINDS, .kind_count = KIND_COUNT};
    fault_clear(&task.fault);
    return mail_templates_create(&task, &options, ret);
}

static void refused(const char *words)
{
    struct mail_templates *templates = NULL;
    cr_expect_eq(make("en", folder, &templates).code, STATUS_BAD_REQUEST, "%s", words);
    cr_expect(strstr(task.fault.detail, words), "%s: %s", words, task.fault.detail);
}

static struct mail_values some_values(void)
{
    return (struct mail_values){.of = {[MAIL_SLOT_CODE] = STR("12345678"),
                                       [MAIL_SLOT_LINK] = STR("https://a.example/ui#t"),
                                       [MAIL_SLOT_NAME] = STR("<b>Ada</b> & \"co\""),
                                       [MAIL_SLOT_SERVICE] = STR("a.example"),
                                       [MAIL_SLOT_EXPIRES] = STR("2026-01-05 10:00 UTC"),
                                       [MAIL_SLOT_TIME] = STR("2026-01-05 09:50 UTC")}};
}

static bool holds(struct str text, const char *words)
{
    return memmem(text.ptr, text.len, words, strlen(words)) != NULL;
}

Test(mail_templates, unknown_placeholders_and_broken_sections_are_refused_by_line)
{
    put("en/verify.html", "<p>{{code}}</p>\n");
    static const char *const CASES[][2] = {
        {"Subject\n\n{{code}}\n{{password}}\n", "en/verify.txt:4: there is no such placeholder"},
        {"Subject\n\n{{code\n", "en/verify.txt:3: {{ is not followed by }}"},
        {"Subject\n\n{{ code }}\n", "en/verify.txt:3: there is no such placeholder"},
        {"Subject\n\n{{#code}}\nx\n", "a section has no end"},
        {"Subject\n\nx{{/code}}\n", "en/verify.txt:3: a section ends that has not begun"},
        {"Subject\n\n{{#code}}{{#link}}{{/code}}{{/link}}\n", "another section ends"},
        {"Subject\n\n{{#a}}\n", "there is no such placeholder"},
        {"\n\ntext\n", "en/verify.txt:1: the first line must be the subject"},
        {"Subject\ntext\n", "en/verify.txt:2: the second line must be empty"},
        {"Subject\n", "en/verify.txt:2: the second line must be empty"},
        {"Subject\r\n\r\ntext\r\n", "en/verify.txt:1: must not hold control characters"},
        {"Subject \xff\n\ntext\n", "must be text in UTF-8"},
        {"", "the first line must be the subject"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        put("en/verify.txt", CASES[i][0]);
        refused(CASES[i][1]);
    }
}

Test(mail_templates, missing_files_and_unknown_names_are_refused)
{
    put("en/verify.txt", "Subject\n\n{{code}}\n");
    refused("en/verify.html is missing");
    put("en/verify.html", "<p>{{code}}</p>\n");
    put("en/verfy.txt", "Subject\n\n{{code}}\n");
    refused("en/verfy.txt is not a template");
    char path[128];
    snprintf(path, sizeof path, "%s/en/verfy.txt", folder);
    cr_expect_eq(remove(path), 0);
    put("fr/verify.txt", "Sujet\n\n{{code}}\n");
    put("fr/verify.html", "<p>{{code}}</p>\n");
    refused("fr/signup_repeated.txt is missing");
    put("templates/verify.txt", "x");
    refused("is not the folder of a language");
}

Test(mail_templates, a_folder_that_is_not_there_and_an_unknown_language_are_refused)
{
    struct mail_templates *templates = NULL;
    cr_expect_eq(make("en", "/nowhere", &templates).code, STATUS_BAD_REQUEST);
    cr_expect(strstr(task.fault.detail, "AUTH_MAIL_TEMPLATES: /nowhere"), "%s", task.fault.detail);
    cr_expect_eq(make("tlh", "", &templates).code, STATUS_BAD_REQUEST);
    cr_expect(strstr(task.fault.detail, "AUTH_MAIL_LANGUAGE"), "%s", task.fault.detail);
}

Test(mail_templates, those_built_in_are_right_and_whole)
{
    struct mail_templates *templates = NULL;
    unsigned line;
    size_t count = 0;
    for (const struct template_builtin *row = template_builtins; row->language; row++, count++) {
        const char *problem = template_problem((struct str){row->bytes, row->count}, row->form, &line);
        cr_expect_null(problem, "%s/%s%s:%u: %s", row->language, row->kind, template_suffixes[row->form],
                       line, problem ? problem : "");
    }
    cr_expect_eq(count, (size_t)2 * 2 * KIND_COUNT, "two languages, two files");
    cr_assert(is_ok(make("en", "", &templates)), "%s", task.fault.detail);
    const struct mail_values values = some_values();
    static const char *const LANGUAGES[] = {"en", "de"};
    for (size_t n = 0; n < ARRAY_COUNT(LANGUAGES); n++) {
        for (size_t kind = 0; kind < KIND_COUNT; kind++) {
            struct mail_text text;
            cr_assert(
                is_ok(mail_templates_fill(templates, &task, str_from(LANGUAGES[n]), kind, &values, &text)));
            cr_expect(!is_empty(text.subject) && !is_empty(text.text) && !is_empty(text.html));
            cr_expect(!holds(text.subject, "12345678"),
                      "a code in a subject stands in the logs of mail servers");
            cr_expect(!holds(text.text, "{{") && !holds(text.html, "{{"));
        }
    }
    mail_templates_destroy(templates);
}

Test(mail_templates, what_is_filled_in_is_escaped_in_pages_and_plain_in_texts)
{
    struct mail_templates *templates = NULL;
    struct mail_text text;
    const struct mail_values values = some_values();
    cr_assert(is_ok(make("en", "", &templates)));
    cr_assert(is_ok(mail_templates_fill(templates, &task, STR("en"), LOGIN_CODE, &values, &text)));
    cr_expect(holds(text.text, "Hello <b>Ada</b> & \"co\",\n"));
    cr_expect(holds(text.html, "Hello &lt;b&gt;Ada&lt;/b&gt; &amp; &quot;co&quot;,"));
    cr_expect(!holds(text.html, "<b>"));
    cr_expect(holds(text.text, "\n    12345678\n"));
    cr_expect(holds(text.text, "\nhttps://a.example/ui#t\n"));
    mail_templates_destroy(templates);
}

Test(mail_templates, values_make_no_lines_and_no_placeholders)
{
    struct mail_templates *templates = NULL;
    struct mail_text text;
    struct mail_values values = some_values();
    values.of[MAIL_SLOT_NAME] = STR("A\r\nB\x01{{code}}");
    values.of[MAIL_SLOT_SERVICE] = STR("a\r\nBcc: x@y");
    cr_assert(is_ok(make("en", "", &templates)));
    cr_assert(is_ok(mail_templates_fill(templates, &task, STR("en"), LOGIN_CODE, &values, &text)));
    cr_expect(holds(text.text, "Hello A  B {{code}},\n"));
    cr_expect(!holds(text.subject, "\n") && !holds(text.subject, "\r"));
    mail_templates_destroy(templates);
}

Test(mail_templates, sections_follow_what_is_there)
{
    struct mail_templates *templates = NULL;
    struct mail_text text;
    struct mail_values values = some_values();
    put("en/verify.txt", "S{{#name}} of {{name}}{{/name}}\n\n{{#code}}\nC {{code}}\n{{/code}}\n"
                         "{{^code}}\nnone{{#link}} but {{link}}{{/link}}\n{{/code}}\nend\n");
    put("en/verify.html", "<p>{{code}}</p>\n");
    cr_assert(is_ok(make("en", folder, &templates)), "%s", task.fault.detail);
    cr_assert(is_ok(mail_templates_fill(templates, &task, STR("en"), VERIFY, &values, &text)));
    cr_expect(str_equal(text.text, STR("C 12345678\nend\n")), "%.*s", STR_ARGS(text.text));
    values.of[MAIL_SLOT_CODE] = STR_NONE;
    values.of[MAIL_SLOT_NAME] = STR_NONE;
    cr_assert(is_ok(mail_templates_fill(templates, &task, STR("en"), VERIFY, &values, &text)));
    cr_expect(str_equal(text.text, STR("none but https://a.example/ui#t\nend\n")), "%.*s",
              STR_ARGS(text.text));
    cr_expect(str_equal(text.subject, STR("S")));
    mail_templates_destroy(templates);
}

Test(mail_templates, a_locale_finds_the_nearest_language)
{
    struct mail_templates *templates = NULL;
    cr_assert(is_ok(make("en", "", &templates)));
    static const char *const CASES[][2] = {
        {"de", "de"}, {"de-AT", "de"},       {"DE-at", "de"}, {"de_CH", "de"}, {"fr", "en"},    {"", "en"},
        {"d", "en"},  {"de-Latn-x-1", "de"}, {"-", "en"},     {"deu", "en"},   {"en-GB", "en"}, {"--", "en"}};
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
        cr_expect(str_equal(mail_templates_language(templates, str_from(CASES[i][0])), str_from(CASES[i][1])),
                  "%s", CASES[i][0]);
    mail_templates_destroy(templates);
    cr_assert(is_ok(make("de", "", &templates)));
    cr_expect(str_equal(mail_templates_language(templates, STR("fr")), STR("de")),
              "the default of the operator");
    mail_templates_destroy(templates);
}

Test(mail_templates, a_long_value_is_cut_between_characters)
{
    struct mail_templates *templates = NULL;
    struct mail_text text;
    struct mail_values values = some_values();
    char *name = arena_alloc(arena, 4001);
    for (size_t i = 0; i < 2000; i++) memcpy(name + 2 * i, "\xc3\xa4", 2);
    values.of[MAIL_SLOT_NAME] = (struct str){name, 4000};
    values.of[MAIL_SLOT_NAME].ptr++;
    values.of[MAIL_SLOT_NAME].len--;
    cr_assert(is_ok(make("en", "", &templates)));
    cr_assert(is_ok(mail_templates_fill(templates, &task, STR("en"), LOGIN_CODE, &values, &text)));
    cr_expect_lt(text.text.len, 2000u);
    mail_templates_destroy(templates);
}
