// SPDX-License-Identifier: MIT
#include "auth/base/id.h"

#include "auth/base/encoding.h"
#include "auth/base/secret.h"

#define UNIX_MS_MAX     ((INT64_C(1) << 48) - 1)
#define RAND_A_MAX      ((UINT64_C(1) << 12) - 1)
#define RAND_B_MAX      ((UINT64_C(1) << 62) - 1)
#define HYPHEN_COUNT    4u
#define TIME_BYTES      6u
#define ROLLBACK_MAX_MS (10 * MS_PER_SECOND)

/* What the last id of this thread was made of: the two random fields are one counter of 74 bits. */
struct sequence {
    int64_t unix_ms;
    uint64_t rand_a;
    uint64_t rand_b;
};

static _Thread_local struct sequence last;

static void sequence_start(struct sequence *sequence, int64_t unix_ms)
{
    struct {
        uint64_t a;
        uint64_t b;
    } fresh;
    random_bytes(&fresh, sizeof(fresh));
    sequence->unix_ms = unix_ms;
    sequence->rand_a = fresh.a & RAND_A_MAX;
    sequence->rand_b = fresh.b & RAND_B_MAX;
}

/* RFC 9562 §6.2, Method 2: "The increment value for every UUID generation is a random integer of any desired
 * length larger than zero." When the counter is used up, the timestamp runs ahead, as §6.2 allows. */
static void sequence_advance(struct sequence *sequence)
{
    uint32_t step;
    random_bytes(&step, sizeof(step));
    sequence->rand_b += (uint64_t)step + 1;
    if (sequence->rand_b <= RAND_B_MAX) return;
    sequence->rand_b &= RAND_B_MAX;
    sequence->rand_a++;
    if (sequence->rand_a > RAND_A_MAX) sequence_start(sequence, sequence->unix_ms + 1);
}

struct id id_new(int64_t wall_ms)
{
    if (wall_ms < 0) wall_ms = 0;
    if (wall_ms >= UNIX_MS_MAX) wall_ms = UNIX_MS_MAX - 1;
    /* Tasks that began a little earlier, and small steps of the clock, stay in order; after a large step back
     * the clock is believed again. */
    const bool is_same_run = wall_ms <= last.unix_ms && wall_ms > last.unix_ms - ROLLBACK_MAX_MS;
    const bool has_started = last.unix_ms > 0;
    if (has_started && is_same_run)
        sequence_advance(&last);
    else
        sequence_start(&last, wall_ms);

    struct id id;
    for (unsigned i = 0; i < TIME_BYTES; i++) id.bytes[i] = (unsigned char)(last.unix_ms >> (40 - 8 * i));
    id.bytes[6] = (unsigned char)(0x70 | last.rand_a >> 8); /* RFC 9562 §5.7: ver is 0b0111 */
    id.bytes[7] = (unsigned char)last.rand_a;
    for (unsigned i = 0; i < 8; i++) id.bytes[8 + i] = (unsigned char)(last.rand_b >> (56 - 8 * i));
    id.bytes[8] = (unsigned char)(0x80 | id.bytes[8]); /* RFC 9562 §5.7: var is 0b10 */
    return id;
}

struct id id_of_time(int64_t wall_ms, unsigned char rest)
{
    struct id id;
    const int64_t unix_ms = wall_ms < 0 ? 0 : wall_ms;
    memset(id.bytes, rest, sizeof id.bytes);
    for (unsigned i = 0; i < TIME_BYTES; i++) id.bytes[i] = (unsigned char)(unix_ms >> (40 - 8 * i));
    return id;
}

bool id_equal(struct id a, struct id b)
{
    return memcmp(a.bytes, b.bytes, ID_BYTES) == 0;
}

bool is_nil(struct id id)
{
    return id_equal(id, (struct id){{0}});
}

/* Groups of 8, 4, 4, 4 and 12 digits: RFC 9562 §4. */
static bool is_hyphen_place(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

void id_print(struct id id, char ret_text[ID_TEXT_SIZE])
{
    char digits[2 * ID_BYTES + 1];
    hex_encode(id.bytes, ID_BYTES, digits);
    const char *next = digits;
    for (size_t i = 0; i < ID_TEXT_SIZE - 1; i++) ret_text[i] = is_hyphen_place(i) ? '-' : *next++;
    ret_text[ID_TEXT_SIZE - 1] = '\0';
}

bool id_parse(struct str text, struct id *ret_id)
{
    char digits[2 * ID_BYTES + HYPHEN_COUNT];
    size_t count = 0;
    if (text.len != ID_TEXT_SIZE - 1) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (is_hyphen_place(i) != (text.ptr[i] == '-')) return false;
        if (!is_hyphen_place(i)) digits[count++] = text.ptr[i];
    }
    return hex_decode((struct str){digits, count}, ret_id->bytes, ID_BYTES);
}
