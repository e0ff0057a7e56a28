// SPDX-License-Identifier: MIT
#include "settings_internal.h"

#define ROW(group, NAME, ini_key, setting_type, member_name)                   \
    .section = #group, .name = #NAME, .key = #ini_key, .type = (setting_type), \
    .offset = offsetof(struct settings, member_name)

#define SET_GROUP(section, title)
#define SET_TEXT(group, NAME, ini_key, member, text, shape, words) \
    {ROW(group, NAME, ini_key, TYPE_TEXT, member), .initial = (text), .form = (shape), .help = (words)},
#define SET_LIST(group, NAME, ini_key, member, text, shape, words) \
    {ROW(group, NAME, ini_key, TYPE_LIST, member), .initial = (text), .form = (shape), .help = (words)},
#define SET_URI(group, NAME, ini_key, member, text, shape, words) \
    {ROW(group, NAME, ini_key, TYPE_URI, member), .initial = (text), .form = (shape), .help = (words)},
#define SET_SECRET(group, NAME, ini_key, member, words) \
    {ROW(group, NAME, ini_key, TYPE_SECRET, member), .initial = "", .help = (words)},
#define SET_KEY(group, NAME, ini_key, member, words) \
    {ROW(group, NAME, ini_key, TYPE_KEY, member), .initial = "", .help = (words)},
#define SET_INTEGER(group, NAME, ini_key, member, number, low, high, measure, words) \
    {ROW(group, NAME, ini_key, TYPE_INTEGER, member),                                \
     .initial = #number,                                                             \
     .min = (low),                                                                   \
     .max = (high),                                                                  \
     .unit = (measure),                                                              \
     .help = (words)},
#define SET_BOOLEAN(group, NAME, ini_key, member, text, words)                                \
    {ROW(group, NAME, ini_key, TYPE_BOOLEAN, member), .initial = (text), .choices = "on|off", \
     .help = (words)},
#define SET_CHOICE(group, NAME, ini_key, member, text, list, words) \
    {ROW(group, NAME, ini_key, TYPE_CHOICE, member), .initial = (text), .choices = (list), .help = (words)},

const struct setting_row setting_rows[SETTING_COUNT] = {
#include "auth/config/settings.def"
};

#include "auth/config/settings_undef.h"
#define SET_GROUP(name, words) {.section = #name, .title = (words)},
#define SET_TEXT(group, NAME, ini_key, member, text, shape, words)
#define SET_LIST(group, NAME, ini_key, member, text, shape, words)
#define SET_URI(group, NAME, ini_key, member, text, shape, words)
#define SET_SECRET(group, NAME, ini_key, member, words)
#define SET_KEY(group, NAME, ini_key, member, words)
#define SET_INTEGER(group, NAME, ini_key, member, number, low, high, measure, words)
#define SET_BOOLEAN(group, NAME, ini_key, member, text, words)
#define SET_CHOICE(group, NAME, ini_key, member, text, list, words)

const struct setting_group setting_groups[] = {
#include "auth/config/settings.def"
};
const size_t setting_group_count = ARRAY_COUNT(setting_groups);

bool is_confidential(const struct setting_row *row)
{
    return row->type == TYPE_SECRET || row->type == TYPE_KEY || row->type == TYPE_URI;
}
