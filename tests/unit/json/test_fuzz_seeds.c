// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

Test(json_seeds, every_seed_of_the_fuzzer_passes)
{
    DIR *folder = opendir(TESTS_DIR "/fuzz/corpus/json");
    cr_assert(folder);
    static unsigned char data[1u << 16];
    size_t count = 0;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') continue;
        char path[1024];
        (void)snprintf(path, sizeof(path), "%s/%s", TESTS_DIR "/fuzz/corpus/json", entry->d_name);
        FILE *file = fopen(path, "rb");
        cr_assert(file);
        cr_expect_eq(LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file)), 0);
        cr_assert_eq(fclose(file), 0);
        count++;
    }
    cr_assert_eq(closedir(folder), 0);
    cr_assert_geq(count, 8);
}
