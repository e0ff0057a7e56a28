/* settings_undef.h — takes back the row macros, so that settings.def can be read again with others. */
// SPDX-License-Identifier: MIT
#undef SET_GROUP
#undef SET_TEXT
#undef SET_LIST
#undef SET_URI
#undef SET_SECRET
#undef SET_KEY
#undef SET_INTEGER
#undef SET_BOOLEAN
#undef SET_CHOICE
