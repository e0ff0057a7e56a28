// SPDX-License-Identifier: MIT
#include "auth/crypto/password_hasher.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "auth/base/clock.h"
#include "auth/loop/offload.h"
#include "hash_arena_internal.h"

#define THREADS_MAX     256u
#define QUEUE_LIMIT_MAX 4096u
#define NICE            19 /* logins give way to everything that is already signed in */
#define IDLE_MS_DEFAULT 10000
#define BYTES_PER_KIB   1024u
#define US_PER_MS       1000
#define SMOOTHING       16 /* the share of one hash in the average */
#define KIB_PER_US      2 /* of memory passed over, on a slow machine: until the first hashes have been timed */
#define RETRY_SECONDS   (HASH_QUEUE_MS / MS_PER_SECOND)

const int64_t hash_bucket_ms[HASH_BUCKET_COUNT - 1u] = {5, 10, 20, 30, 50, 75, 100, 250, 500};

struct password_hasher {
    struct offload *offload;
    struct hash_arena_set *arenas; /* NULL: memory is not kept */
    struct password_cost cost;
    struct pepper_ring peppers;
    unsigned threads;
    unsigned fixed_queue_limit;  /* 0: by the time a hash takes */
    atomic_llong hash_us_smooth; /* what a hash takes, lately */
    atomic_ulong hashes;
    atomic_ulong refused;
    atomic_llong hash_us_sum;
    atomic_ulong buckets[HASH_BUCKET_COUNT];
};

enum hash_work { WORK_HASH, WORK_VERIFY };

/* Lives in the arena of the task, whose fiber is parked until the thread is done with it. */
struct hash_job {
    struct password_hasher *hasher;
    enum hash_work work;
    struct secret password;
    struct str stored;
    char text[PASSWORD_TEXT_MAX + 1u];
    result outcome;
};

static result job_compute(struct hash_job *job)
{
    if (job->work == WORK_HASH)
        return password_hash(job->hasher->cost, &job->hasher->peppers, job->password, job->text);
    if (is_empty(job->stored)) return password_verify_dummy(job->hasher->cost, job->password);
    return password_verify(&job->hasher->peppers, job->stored, job->password);
}

static void count_hash(struct password_hasher *hasher, int64_t duration_us)
{
    size_t bucket = 0;
    while (bucket < HASH_BUCKET_COUNT - 1u && duration_us > hash_bucket_ms[bucket] * US_PER_MS) bucket++;
    /* Threads that come in between lose a little of one another's; it is an average all the same. */
    const int64_t smooth_us = atomic_load_explicit(&hasher->hash_us_smooth, memory_order_relaxed);
    atomic_store_explicit(&hasher->hash_us_smooth, smooth_us + (duration_us - smooth_us) / SMOOTHING,
                          memory_order_relaxed);
    atomic_fetch_add_explicit(&hasher->hashes, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&hasher->hash_us_sum, duration_us, memory_order_relaxed);
    atomic_fetch_add_explicit(&hasher->buckets[bucket], 1, memory_order_relaxed);
}

static void job_run(void *argument)
{
    struct hash_job *job = argument;
    const int64_t begun_us = clock_monotonic_us();
    struct hash_arena *arena = hash_arena_enter(job->hasher->arenas);
    job->outcome = job_compute(job);
    hash_arena_leave(job->hasher->arenas, arena);
    count_hash(job->hasher, clock_monotonic_us() - begun_us);
}

static unsigned available_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    const int count = CPU_COUNT(&cores);
    return count > 0 ? (unsigned)count : 1;
}

static int64_t guess_us(struct password_cost cost)
{
    const int64_t us = (int64_t)cost.memory_kib * (int64_t)cost.iterations / KIB_PER_US;
    return us > 0 ? us : 1;
}

/* HASH_QUEUE_MS of work at the speed of the last hashes: what is waited for is time. */
static unsigned queue_limit_now(struct password_hasher *hasher)
{
    if (hasher->fixed_queue_limit > 0) return hasher->fixed_queue_limit;
    const int64_t smooth_us = atomic_load_explicit(&hasher->hash_us_smooth, memory_order_relaxed);
    const int64_t hash_us = smooth_us > 0 ? smooth_us : 1;
    const int64_t jobs = (int64_t)HASH_QUEUE_MS * US_PER_MS * (int64_t)hasher->threads / hash_us;
    if (jobs < (int64_t)hasher->threads) return hasher->threads;
    return jobs > (int64_t)QUEUE_LIMIT_MAX ? QUEUE_LIMIT_MAX : (unsigned)jobs;
}

static result hasher_start(struct password_hasher *hasher, const struct password_hasher_options *options)
{
    const size_t arena_bytes = (size_t)hasher->cost.memory_kib * BYTES_PER_KIB;
    const int64_t idle_ms = options->memory_idle_ms > 0 ? options->memory_idle_ms : IDLE_MS_DEFAULT;
    if (options->keeps_memory && hash_arenas_are_possible()) {
        TRY(hash_arena_set_create(hasher->threads, arena_bytes, idle_ms, &hasher->arenas));
    }
    hasher->fixed_queue_limit = options->queue_limit;
    atomic_init(&hasher->hash_us_smooth, guess_us(hasher->cost));
    const struct offload_options offload = {
        .name = "hash",
        .threads = hasher->threads,
        .queue_limit = options->queue_limit > 0 ? options->queue_limit : QUEUE_LIMIT_MAX,
        .nice = NICE,
    };
    return offload_create(&offload, &hasher->offload);
}

result password_hasher_create(const struct password_hasher_options *options,
                              struct password_hasher **ret_hasher)
{
    REQUIRE(is_cost_allowed(options->cost) && options->threads <= THREADS_MAX, INTERNAL);
    struct password_hasher *hasher = calloc(1, sizeof *hasher);
    REQUIRE(hasher, INTERNAL);
    hasher->cost = options->cost;
    if (options->peppers) hasher->peppers = *options->peppers;
    hasher->threads = options->threads > 0 ? options->threads : available_cores();
    if (hasher->threads > THREADS_MAX) hasher->threads = THREADS_MAX;
    const result started = hasher_start(hasher, options);
    if (!is_ok(started)) {
        password_hasher_destroy(hasher);
        return started;
    }
    *ret_hasher = hasher;
    return RESULT_OK;
}

void password_hasher_destroy(struct password_hasher *hasher)
{
    if (!hasher) return;
    offload_destroy(hasher->offload);
    hash_arena_set_destroy(hasher->arenas);
    wipe(&hasher->peppers, sizeof hasher->peppers);
    free(hasher);
}

/* Loops that ask at the same moment may each add one too many; the pool's own limit bounds that. */
static bool is_queue_full(struct password_hasher *hasher)
{
    struct offload_counts counts;
    offload_counts(hasher->offload, &counts);
    return counts.queued >= queue_limit_now(hasher);
}

static result refuse(struct password_hasher *hasher, struct task *task)
{
    atomic_fetch_add_explicit(&hasher->refused, 1, memory_order_relaxed);
    task->retry_after_seconds = RETRY_SECONDS;
    FAIL(&task->fault, HASHING_BUSY, "%u password checks are queued already", queue_limit_now(hasher));
}

static result job_wait(struct task *task, struct hash_job *job, struct secret password)
{
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    if (is_queue_full(job->hasher)) return refuse(job->hasher, task);
    job->password = secret_copy(task->arena, password.bytes, password.len);
    const result ran = offload_run(job->hasher->offload, job_run, job);
    secret_wipe(&job->password);
    if (ran.code == STATUS_OVERLOADED) return refuse(job->hasher, task);
    TRY(ran);
    if (job->outcome.code == STATUS_INTERNAL) {
        FAIL(&task->fault, INTERNAL,
             "a password hash could not be computed: memory is short, or the stored hash is of another form, "
             "beyond the "
             "limits, or has a pepper that is not configured");
    }
    return job->outcome;
}

result password_hash_wait(struct password_hasher *hasher, struct task *task, struct secret password,
                          struct str *ret_text)
{
    struct hash_job *job = arena_alloc(task->arena, sizeof *job);
    job->hasher = hasher;
    job->work = WORK_HASH;
    TRY(job_wait(task, job, password));
    *ret_text = str_from(job->text);
    return RESULT_OK;
}

result password_verify_wait(struct password_hasher *hasher, struct task *task, struct str text,
                            struct secret password, bool *ret_needs_rehash)
{
    struct hash_job *job = arena_alloc(task->arena, sizeof *job);
    job->hasher = hasher;
    job->work = WORK_VERIFY;
    job->stored = str_copy(task->arena, text);
    TRY(job_wait(task, job, password));
    *ret_needs_rehash = password_needs_rehash(&hasher->peppers, text, hasher->cost);
    return RESULT_OK;
}

void password_hasher_counts(struct password_hasher *hasher, struct password_hasher_counts *ret_counts)
{
    struct offload_counts offload;
    offload_counts(hasher->offload, &offload);
    *ret_counts = (struct password_hasher_counts){
        .threads = hasher->threads,
        .queue_limit = queue_limit_now(hasher),
        .queued = offload.queued,
        .running = offload.running,
        .hashes = atomic_load_explicit(&hasher->hashes, memory_order_relaxed),
        .refused = atomic_load_explicit(&hasher->refused, memory_order_relaxed),
        .hash_us_sum = atomic_load_explicit(&hasher->hash_us_sum, memory_order_relaxed),
        .hash_us = atomic_load_explicit(&hasher->hash_us_smooth, memory_order_relaxed),
        .keeps_memory = hasher->arenas != NULL,
        .mappings = hash_arena_set_mappings(hasher->arenas),
    };
    for (size_t i = 0; i < HASH_BUCKET_COUNT; i++) {
        ret_counts->buckets[i] = atomic_load_explicit(&hasher->buckets[i], memory_order_relaxed);
    }
}

const char *password_hasher_text_problem(const struct password_hasher *hasher, struct str text)
{
    return password_text_problem(&hasher->peppers, text);
}
