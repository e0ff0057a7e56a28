// SPDX-License-Identifier: MIT
#include "auth/crypto/password_hasher.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/loop/fiber.h"
#include "crypto_fixture.h"

TestSuite(password_hasher, .init = fixture_begin, .fini = fixture_end);

static const struct password_cost small = {.memory_kib = 5 * 1024, .iterations = 1};

/* Hashes of "password" by the reference implementation: below, within and above the kept mapping. */
#define REFERENCE_256_KIB \
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$yrdGtGIZk/3JHsUHh5gLQUqQppLwvGjf4Z+cJbPLqew"
#define REFERENCE_64_MIB \
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI"

static struct password_hasher *create(struct password_hasher_options options)
{
    struct password_hasher *hasher = NULL;
    cr_assert(is_ok(password_hasher_create(&options, &hasher)));
    return hasher;
}

static struct password_hasher_counts counts_of(struct password_hasher *hasher)
{
    struct password_hasher_counts counts;
    password_hasher_counts(hasher, &counts);
    return counts;
}

/* One question to the hasher, asked from a fiber. */
struct asked {
    struct fiber_job job;
    struct password_hasher *hasher;
    struct task *task;
    bool hashes; /* instead of verifying */
    struct str phc;
    const char *password;
    int code;
    bool needs_rehash;
};

static void ask(struct fiber_job *job)
{
    struct asked *asked = CONTAINER_OF(job, struct asked, job);
    const struct secret password = secret_of(asked->password);
    if (asked->hashes) {
        asked->code = CODE_OF(password_hash_wait(asked->hasher, asked->task, password, &asked->phc));
        return;
    }
    asked->code =
        CODE_OF(password_verify_wait(asked->hasher, asked->task, asked->phc, password, &asked->needs_rehash));
}

static struct asked run(struct password_hasher *hasher, struct asked question)
{
    question.job.run = ask;
    question.hasher = hasher;
    question.task = &fixture_task;
    fault_clear(&fixture_task.fault);
    cr_assert(is_ok(fiber_run_alone(&question.job)));
    return question;
}

static int verify(struct password_hasher *hasher, const char *phc, const char *password)
{
    return run(hasher, (struct asked){.phc = str_from(phc), .password = password}).code;
}

Test(password_hasher, options_beyond_the_limits_are_refused)
{
    struct password_hasher *hasher = NULL;
    const struct password_hasher_options many = {.threads = 257, .cost = small};
    const struct password_hasher_options huge = {.threads = 1,
                                                 .cost = {.memory_kib = 1u << 22u, .iterations = 1}};
    cr_assert_eq(CODE_OF(password_hasher_create(&many, &hasher)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(password_hasher_create(&huge, &hasher)), STATUS_INTERNAL);
    cr_assert_null(hasher);
    password_hasher_destroy(NULL);
}

static void answers(bool keeps_memory)
{
    char longest[PASSWORD_BYTES_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    struct password_hasher *hasher =
        create((struct password_hasher_options){.threads = 1, .cost = small, .keeps_memory = keeps_memory});
    cr_assert_eq(verify(hasher, REFERENCE_256_KIB, "passwore"), STATUS_INVALID_CREDENTIALS);
    cr_assert_eq(verify(hasher, "", "password"), STATUS_INVALID_CREDENTIALS);
    cr_assert_eq(verify(hasher, "garbage", "password"), STATUS_INTERNAL);
    cr_assert_eq(verify(hasher, REFERENCE_256_KIB, longest), STATUS_TOO_LARGE);
    const struct asked made = run(hasher, (struct asked){.hashes = true, .password = "open sesame"});
    cr_assert_eq(made.code, STATUS_OK);
    cr_assert_eq(verify(hasher, made.phc.ptr, "open sesamf"), STATUS_INVALID_CREDENTIALS);
    const struct asked again = run(hasher, (struct asked){.phc = made.phc, .password = "open sesame"});
    cr_assert_eq(again.code, STATUS_OK);
    cr_assert_not(again.needs_rehash);
    const struct asked other =
        run(hasher, (struct asked){.phc = STR(REFERENCE_256_KIB), .password = "password"});
    cr_assert_eq(other.code, STATUS_OK);
    cr_assert(other.needs_rehash);
    password_hasher_destroy(hasher);
}

Test(password_hasher, answers_with_memory_mapped_anew)
{
    answers(false);
}

Test(password_hasher, answers_with_memory_kept)
{
    answers(true);
}

/* The kept mapping holds what the last hash left: the results must be those of stock libsodium all the same.
 */
Test(password_hasher, hashes_in_kept_memory_equal_those_of_the_library)
{
    struct password_hasher *hasher =
        create((struct password_hasher_options){.threads = 1, .cost = small, .keeps_memory = true});
    for (int i = 0; i < 5; i++) {
        char stock[PASSWORD_TEXT_MAX + 1];
        const struct password_cost cost = {.memory_kib = 4096u + 256u * (unsigned)i,
                                           .iterations = 1 + (unsigned)i};
        cr_assert(is_ok(password_hash(cost, NULL, secret_of("password"), stock)));
        cr_assert_eq(verify(hasher, stock, "password"), STATUS_OK);
        cr_assert_eq(verify(hasher, stock, "passwore"), STATUS_INVALID_CREDENTIALS);
        const struct asked kept = run(hasher, (struct asked){.hashes = true, .password = "password"});
        cr_assert(is_ok(password_verify(NULL, kept.phc, secret_of("password"))));
    }
    cr_assert_eq(verify(hasher, REFERENCE_256_KIB, "password"), STATUS_OK);
    cr_assert_eq(verify(hasher, REFERENCE_64_MIB, "password"), STATUS_OK);
    cr_assert_eq(verify(hasher, REFERENCE_64_MIB, "passwore"), STATUS_INVALID_CREDENTIALS);
    password_hasher_destroy(hasher);
}

static long page_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* 20 hashes of 5 MiB are 25,600 pages when each maps its own. */
Test(password_hasher, kept_memory_is_not_faulted_in_again)
{
    struct password_hasher *hasher =
        create((struct password_hasher_options){.threads = 1, .cost = small, .keeps_memory = true});
    if (!counts_of(hasher).keeps_memory) {
        password_hasher_destroy(hasher);
        cr_skip_test("this build maps anew");
    }
    verify(hasher, "", "password");
    const long before = page_faults();
    for (int i = 0; i < 20; i++) verify(hasher, "", "password");
    cr_assert_lt(page_faults() - before, 5000);
    cr_assert_eq(counts_of(hasher).mappings, 1);
    password_hasher_destroy(hasher);
}

static long resident_mib(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

Test(password_hasher, a_costlier_hash_of_old_does_not_keep_its_memory)
{
    struct password_hasher *hasher =
        create((struct password_hasher_options){.threads = 1, .cost = small, .keeps_memory = true});
    verify(hasher, "", "password");
    const long before = resident_mib();
    cr_assert_eq(verify(hasher, REFERENCE_64_MIB, "password"), STATUS_OK);
    cr_assert_lt(resident_mib() - before, 32);
    password_hasher_destroy(hasher);
}

Test(password_hasher, idle_memory_is_given_back_and_mapped_again)
{
    struct password_hasher *hasher = create((struct password_hasher_options){
        .threads = 2, .cost = small, .keeps_memory = true, .memory_idle_ms = 30});
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(verify(hasher, REFERENCE_256_KIB, "password"), STATUS_OK);
        cr_assert_eq(verify(hasher, "", "password"), STATUS_INVALID_CREDENTIALS);
        const int64_t limit_ms = clock_monotonic_ms() + 5000;
        while (counts_of(hasher).mappings > 0 && clock_monotonic_ms() < limit_ms) usleep(5000);
        cr_assert_eq(counts_of(hasher).mappings, 0);
    }
    password_hasher_destroy(hasher);
}

/* Fibers of one loop, all asking before the first is answered. */
#define FLOOD 12

struct flood {
    struct fiber_job job;
    struct password_hasher *hasher;
    struct asked questions[FLOOD];
    struct task tasks[FLOOD];
    int ended;
};

static struct flood flood;

static void flood_ended(struct fiber_job *job)
{
    (void)job;
    flood.ended++;
}

static void flood_run(struct fiber_job *job)
{
    (void)job;
    for (int i = 0; i < FLOOD; i++) {
        task_init(&flood.tasks[i], fixture_task.arena, str_from("flood"), 60000);
        flood.questions[i] = (struct asked){.job = {.run = ask, .ended = flood_ended},
                                            .hasher = flood.hasher,
                                            .task = &flood.tasks[i],
                                            .password = "password",
                                            .code = -1};
        cr_assert(is_ok(fiber_start(&flood.questions[i].job)));
    }
    while (flood.ended < FLOOD) fiber_sleep(5);
}

Test(password_hasher, a_full_queue_says_when_to_come_back)
{
    int busy = 0, answered = 0;
    flood.hasher = create((struct password_hasher_options){
        .threads = 1, .cost = {.memory_kib = 32 * 1024, .iterations = 2}, .queue_limit = 2});
    flood.job = (struct fiber_job){.run = flood_run};
    cr_assert(is_ok(fiber_run_alone(&flood.job)));
    for (int i = 0; i < FLOOD; i++) {
        if (flood.questions[i].code == STATUS_INVALID_CREDENTIALS) answered++;
        if (flood.questions[i].code != STATUS_HASHING_BUSY) continue;
        busy++;
        cr_assert_eq(flood.tasks[i].retry_after_seconds, 2);
    }
    cr_assert_eq(busy + answered, FLOOD);
    cr_assert_geq(answered, 2);
    cr_assert_geq(busy, FLOOD - 4);
    const struct password_hasher_counts counts = counts_of(flood.hasher);
    cr_assert_eq(counts.refused, (unsigned long)busy);
    cr_assert_eq(counts.hashes, (unsigned long)answered);
    password_hasher_destroy(flood.hasher);
}

Test(password_hasher, the_queue_follows_the_time_that_hashes_take)
{
    struct password_hasher *hasher = create(
        (struct password_hasher_options){.threads = 1, .cost = {.memory_kib = 16 * 1024, .iterations = 1}});
    const struct password_hasher_counts before = counts_of(hasher);
    cr_assert_eq(before.hash_us, 16 * 1024 / 2);
    cr_assert_eq(before.queue_limit, HASH_QUEUE_MS * 1000 / before.hash_us);
    verify(hasher, "", "password");
    const struct password_hasher_counts after = counts_of(hasher);
    cr_assert_eq(after.hash_us, before.hash_us + (after.hash_us_sum - before.hash_us) / 16);
    cr_assert_eq(after.queue_limit, HASH_QUEUE_MS * 1000 / after.hash_us);
    password_hasher_destroy(hasher);
}

Test(password_hasher, counts_what_it_did)
{
    unsigned long sum = 0;
    struct password_hasher *hasher = create((struct password_hasher_options){.cost = small});
    for (int i = 0; i < 4; i++) verify(hasher, "", "password");
    const struct password_hasher_counts counts = counts_of(hasher);
    for (size_t i = 0; i < HASH_BUCKET_COUNT; i++) sum += counts.buckets[i];
    cr_assert_eq(sum, 4);
    cr_assert_eq(counts.hashes, 4);
    cr_assert_gt(counts.hash_us_sum, 0);
    cr_assert_gt(counts.hash_us, 0);
    cr_assert_geq(counts.threads, 1);
    cr_assert_geq(counts.queue_limit, counts.threads);
    cr_assert_eq(counts.queued, 0);
    cr_assert_not(counts.keeps_memory);
    cr_assert_eq(counts.mappings, 0);
    password_hasher_destroy(hasher);
}
