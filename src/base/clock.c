// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"

#include "auth/base/log.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define MS_PER_DAY      (SECONDS_PER_DAY * MS_PER_SECOND)
#define MS_PER_MINUTE   (60 * MS_PER_SECOND)

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: RFC 3339 years have four digits. */
#define WALL_MIN_MS INT64_C(-62135596800000)
#define WALL_MAX_MS INT64_C(253402300799999)

/* The Gregorian calendar repeats after 400 years. Years are counted from 1 March, so that the leap day is the
 * last of its year and month lengths need no table. */
#define DAYS_PER_ERA       INT64_C(146097)
#define DAYS_TO_UNIX_EPOCH INT64_C(719468) /* from 0000-03-01 to 1970-01-01 */

struct civil_date {
    int64_t year;
    int64_t month;
    int64_t day;
};

static struct timespec read_clock(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) panic("the clock cannot be read");
    return now;
}

int64_t clock_wall_ms(void)
{
    const struct timespec now = read_clock(CLOCK_REALTIME);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
    const struct timespec now = read_clock(CLOCK_MONOTONIC);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

int64_t clock_coarse_ms(void)
{
    const struct timespec now = read_clock(CLOCK_MONOTONIC_COARSE);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    const struct timespec now = read_clock(CLOCK_MONOTONIC);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* `unix_days` lies within the years 1 to 9999, so nothing here is negative. */
static struct civil_date civil_from_days(int64_t unix_days)
{
    const int64_t days = unix_days + DAYS_TO_UNIX_EPOCH;
    const int64_t era = days / DAYS_PER_ERA;
    const int64_t day_of_era = days % DAYS_PER_ERA;
    const int64_t leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / 146096;
    const int64_t year_of_era = (day_of_era - leap_days) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    /* From March on, five months have 153 days in the pattern 31 30 31 30 31. */
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const bool is_after_december = month_from_march >= 10;
    return (struct civil_date){
        .year = era * 400 + year_of_era + (is_after_december ? 1 : 0),
        .month = is_after_december ? month_from_march - 9 : month_from_march + 3,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static int64_t days_from_civil(struct civil_date date)
{
    const bool is_before_march = date.month < 3;
    const int64_t year = date.year - (is_before_march ? 1 : 0);
    const int64_t month_from_march = is_before_march ? date.month + 9 : date.month - 3;
    const int64_t year_of_era = year % 400;
    const int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    const int64_t day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return year / 400 * DAYS_PER_ERA + day_of_era - DAYS_TO_UNIX_EPOCH;
}

static void put_digits(char *text, int64_t value, unsigned count)
{
    for (unsigned i = count; i > 0; i--) {
        text[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void time_print(int64_t wall_ms, char ret_text[RFC3339_SIZE])
{
    if (wall_ms < WALL_MIN_MS) wall_ms = WALL_MIN_MS;
    if (wall_ms > WALL_MAX_MS) wall_ms = WALL_MAX_MS;
    const int64_t since_year_one_ms = wall_ms - WALL_MIN_MS;
    const int64_t ms_of_day = since_year_one_ms % MS_PER_DAY;
    const struct civil_date date = civil_from_days((wall_ms - ms_of_day) / MS_PER_DAY);

    memcpy(ret_text, "0000-00-00T00:00:00.000Z", RFC3339_SIZE);
    put_digits(ret_text, date.year, 4);
    put_digits(ret_text + 5, date.month, 2);
    put_digits(ret_text + 8, date.day, 2);
    put_digits(ret_text + 11, ms_of_day / (60 * MS_PER_MINUTE), 2);
    put_digits(ret_text + 14, ms_of_day / MS_PER_MINUTE % 60, 2);
    put_digits(ret_text + 17, ms_of_day / MS_PER_SECOND % 60, 2);
    put_digits(ret_text + 20, ms_of_day % MS_PER_SECOND, 3);
}

static bool take_char(struct str *text, char wanted)
{
    if (text->len == 0 || text->ptr[0] != wanted) return false;
    *text = str_from_offset(*text, 1);
    return true;
}

/* Exactly `count` digits whose value lies between `min` and `max`. */
static bool take_number(struct str *text, size_t count, int64_t min, int64_t max, int64_t *ret_value)
{
    if (text->len < count) return false;
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        const char c = text->ptr[i];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    if (value < min || value > max) return false;
    *text = str_from_offset(*text, count);
    *ret_value = value;
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap_year ? 29 : days[month - 1];
}

static bool take_date(struct str *text, int64_t *ret_days)
{
    struct civil_date date;
    if (!take_number(text, 4, 1, 9999, &date.year) || !take_char(text, '-')) return false;
    if (!take_number(text, 2, 1, 12, &date.month) || !take_char(text, '-')) return false;
    if (!take_number(text, 2, 1, days_in_month(date.year, date.month), &date.day)) return false;
    *ret_days = days_from_civil(date);
    return true;
}

/* A leap second (":60") has no Unix time and is refused. */
static bool take_time_of_day(struct str *text, int64_t *ret_ms)
{
    int64_t hour;
    int64_t minute;
    int64_t second;
    if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ':')) return false;
    if (!take_number(text, 2, 0, 59, &minute) || !take_char(text, ':')) return false;
    if (!take_number(text, 2, 0, 59, &second)) return false;
    *ret_ms = (hour * 60 + minute) * MS_PER_MINUTE + second * MS_PER_SECOND;
    return true;
}

/* Digits past the third are read and dropped. */
static bool take_fraction(struct str *text, int64_t *ret_ms)
{
    int64_t ms = 0;
    int64_t weight = 100;
    int64_t digit;
    if (!take_char(text, '.')) {
        *ret_ms = 0;
        return true;
    }
    if (!take_number(text, 1, 0, 9, &digit)) return false;
    do {
        ms += digit * weight;
        weight /= 10;
    } while (take_number(text, 1, 0, 9, &digit));
    *ret_ms = ms;
    return true;
}

static bool take_offset(struct str *text, int64_t *ret_ms)
{
    int64_t hours;
    int64_t minutes;
    if (take_char(text, 'Z')) {
        *ret_ms = 0;
        return true;
    }
    const bool is_east = take_char(text, '+');
    if (!is_east && !take_char(text, '-')) return false;
    if (!take_number(text, 2, 0, 23, &hours) || !take_char(text, ':')) return false;
    if (!take_number(text, 2, 0, 59, &minutes)) return false;
    const int64_t offset_ms = (hours * 60 + minutes) * MS_PER_MINUTE;
    *ret_ms = is_east ? offset_ms : -offset_ms;
    return true;
}

bool time_parse(struct str text, int64_t *ret_wall_ms)
{
    int64_t days;
    int64_t time_ms;
    int64_t fraction_ms;
    int64_t offset_ms;
    if (!take_date(&text, &days) || !take_char(&text, 'T')) return false;
    if (!take_time_of_day(&text, &time_ms) || !take_fraction(&text, &fraction_ms)) return false;
    if (!take_offset(&text, &offset_ms) || text.len > 0) return false;
    const int64_t wall_ms = days * MS_PER_DAY + time_ms + fraction_ms - offset_ms;
    if (wall_ms < WALL_MIN_MS || wall_ms > WALL_MAX_MS) return false;
    *ret_wall_ms = wall_ms;
    return true;
}
