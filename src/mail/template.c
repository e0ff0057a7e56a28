// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/encoding.h"
#include "template_internal.h"

#define DEPTH_MAX 4u

const char *const template_suffixes[TEMPLATE_FORM_COUNT] = {".txt", ".html"};

static const char *const SLOT_NAMES[MAIL_SLOT_COUNT] = {
#define MAIL_SLOT(name, text, meaning) [MAIL_SLOT_##name] = (text),
#include "auth/mail/slots.def"
#undef MAIL_SLOT
};

enum part_kind { PART_TEXT, PART_VALUE, PART_IF, PART_UNLESS, PART_END };

struct part {
    enum part_kind kind;
    struct str text;
    enum mail_slot slot;
};

/* Reads a template part by part. */
struct reader {
    struct str rest;
    unsigned line;
    bool is_line_start;
    const char *problem;
};

static struct reader reader_of(struct str template)
{
    return (struct reader){.rest = template, .line = 1, .is_line_start = true};
}

static void advance(struct reader *reader, size_t count)
{
    for (size_t i = 0; i < count; i++) reader->line += reader->rest.ptr[i] == '\n';
    if (count > 0) reader->is_line_start = reader->rest.ptr[count - 1] == '\n';
    reader->rest = str_from_offset(reader->rest, count);
}

static bool fail(struct reader *reader, const char *problem)
{
    reader->problem = problem;
    return false;
}

static bool find_slot(struct str name, enum mail_slot *ret_slot)
{
    for (unsigned i = 0; i < MAIL_SLOT_COUNT; i++) {
        if (!str_equal(name, str_from(SLOT_NAMES[i]))) continue;
        *ret_slot = (enum mail_slot)i;
        return true;
    }
    return false;
}

static enum part_kind kind_of(char c)
{
    switch (c) {
    case '#':
        return PART_IF;
    case '^':
        return PART_UNLESS;
    case '/':
        return PART_END;
    default:
        return PART_VALUE;
    }
}

/* A section's tag that has a line to itself takes the line's end with it, or texts would be full of holes. */
static void skip_own_line(struct reader *reader, const struct part *part, bool began_line)
{
    const bool ends_line = !is_empty(reader->rest) && reader->rest.ptr[0] == '\n';
    if (part->kind != PART_VALUE && began_line && ends_line) advance(reader, 1);
}

static bool read_tag(struct reader *reader, struct part *ret_part)
{
    const bool began_line = reader->is_line_start;
    const char *end = memmem(reader->rest.ptr, reader->rest.len, "}}", 2);
    if (!end) return fail(reader, "{{ is not followed by }}");
    const size_t count = (size_t)(end - reader->rest.ptr) + 2;
    struct str name = {reader->rest.ptr + 2, count - 4};
    *ret_part = (struct part){.kind = is_empty(name) ? PART_VALUE : kind_of(name.ptr[0])};
    if (ret_part->kind != PART_VALUE) name = str_from_offset(name, 1);
    if (!find_slot(name, &ret_part->slot)) return fail(reader, "there is no such placeholder");
    advance(reader, count);
    skip_own_line(reader, ret_part, began_line);
    return true;
}

/* False at the end, and when there is a problem. */
static bool read_part(struct reader *reader, struct part *ret_part)
{
    if (is_empty(reader->rest)) return false;
    const char *mark = memmem(reader->rest.ptr, reader->rest.len, "{{", 2);
    if (mark == reader->rest.ptr) return read_tag(reader, ret_part);
    const size_t count = mark ? (size_t)(mark - reader->rest.ptr) : reader->rest.len;
    *ret_part = (struct part){.kind = PART_TEXT, .text = {reader->rest.ptr, count}};
    advance(reader, count);
    return true;
}

/* The sections that are open. */
struct sections {
    enum mail_slot slots[DEPTH_MAX];
    bool is_shown[DEPTH_MAX];
    unsigned depth;
};

static const char *sections_problem(struct sections *sections, const struct part *part)
{
    if (part->kind == PART_TEXT || part->kind == PART_VALUE) return NULL;
    if (part->kind != PART_END) {
        if (sections->depth == DEPTH_MAX) return "too many sections stand in one another";
        sections->slots[sections->depth++] = part->slot;
        return NULL;
    }
    if (sections->depth == 0) return "a section ends that has not begun";
    return sections->slots[--sections->depth] == part->slot ? NULL : "another section ends than has begun";
}

/* Line ends as they are here, and nothing a terminal or a mail program would act on. */
static const char *bytes_problem(struct str template, unsigned *ret_line)
{
    *ret_line = 1;
    if (!is_utf8(template)) return "must be text in UTF-8";
    for (size_t i = 0; i < template.len; i++) {
        const unsigned char c = (unsigned char)template.ptr[i];
        *ret_line += c == '\n';
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return "must not hold control characters";
    }
    *ret_line = 1;
    return NULL;
}

static const char *subject_problem(struct str template, unsigned *ret_line)
{
    struct str rest = template;
    const struct str subject = str_split(&rest, '\n');
    *ret_line = 1;
    if (is_empty(str_trim(subject))) return "the first line must be the subject";
    *ret_line = 2;
    return is_empty(str_split(&rest, '\n')) && !is_empty(rest)
               ? NULL
               : "the second line must be empty, and a text follow it";
}

const char *template_problem(struct str template, enum template_form form, unsigned *ret_line)
{
    const char *problem = bytes_problem(template, ret_line);
    if (!problem && form == TEMPLATE_TEXT) problem = subject_problem(template, ret_line);
    if (problem) return problem;
    struct reader reader = reader_of(template);
    struct sections sections = {.depth = 0};
    struct part part;
    while (!problem && read_part(&reader, &part)) problem = sections_problem(&sections, &part);
    if (!problem) problem = reader.problem;
    if (!problem && sections.depth > 0) problem = "a section has no end";
    *ret_line = reader.line;
    return problem;
}

static void add_escaped(struct str text, struct strbuf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            strbuf_add(out, STR("&amp;"));
            break;
        case '<':
            strbuf_add(out, STR("&lt;"));
            break;
        case '>':
            strbuf_add(out, STR("&gt;"));
            break;
        case '"':
            strbuf_add(out, STR("&quot;"));
            break;
        case '\'':
            strbuf_add(out, STR("&#39;"));
            break;
        default:
            strbuf_add_char(out, text.ptr[i]);
        }
    }
}

static void begin_section(struct sections *sections, const struct part *part,
                          const struct mail_values *values)
{
    const bool is_wanted = is_empty(values->of[part->slot]) == (part->kind == PART_UNLESS);
    const bool is_around_shown = sections->depth == 0 || sections->is_shown[sections->depth - 1];
    sections->is_shown[sections->depth++] = is_wanted && is_around_shown;
}

void template_fill(struct str template, enum template_form form, const struct mail_values *values,
                   struct strbuf *out)
{
    struct reader reader = reader_of(template);
    struct sections sections = {.depth = 0};
    struct part part;
    while (read_part(&reader, &part)) {
        const bool is_shown = sections.depth == 0 || sections.is_shown[sections.depth - 1];
        if (part.kind == PART_IF || part.kind == PART_UNLESS)
            begin_section(&sections, &part, values);
        else if (part.kind == PART_END)
            sections.depth--;
        else if (is_shown && part.kind == PART_TEXT)
            strbuf_add(out, part.text);
        else if (is_shown && form == TEMPLATE_HTML)
            add_escaped(values->of[part.slot], out);
        else if (is_shown)
            strbuf_add(out, values->of[part.slot]);
    }
}
