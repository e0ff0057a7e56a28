// SPDX-License-Identifier: MIT
#include <jansson.h>
#include <stdalign.h>

#include "fields_internal.h"

/* What the parser releases may have held a password: each block knows its size and is wiped. */
struct parser_block {
    alignas(max_align_t) size_t bytes;
};

static void *parser_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX - sizeof(struct parser_block)) return NULL;
    struct parser_block *block = malloc(sizeof(*block) + bytes);
    if (!block) return NULL;
    block->bytes = bytes;
    return block + 1;
}

static void parser_free(void *memory)
{
    if (!memory) return;
    struct parser_block *block = (struct parser_block *)memory - 1;
    wipe(memory, block->bytes);
    free(block);
}

void json_init(void)
{
    size_t seed = 0;
    while (seed == 0) random_bytes(&seed, sizeof(seed));
    json_object_seed(seed);
    json_set_alloc_funcs(parser_alloc, parser_free);
}
