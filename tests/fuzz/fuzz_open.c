/* SPDX-License-Identifier: MIT */
/* fuzz_open.c - the fuzzer's bytes as a file: once as what its contents say, and once as a file of each
 * format, by each extension: an index is known by its name. What opens is read, verified and saved. */
#include "fuzz.h"

static void
try_open (const uint8_t *data, size_t size, const char *format, const char *extension)
{
    struct fuzz_recipe recipe;
    struct fuzz_files files;
    char name[64];
    snprintf (name, sizeof name, "fuzz.%s", extension);
    if (!fuzz_open_all (&files, data, size, name, format))
        return;
    fuzz_recipe_random (&recipe, data, size);
    fuzz_check_reading (&files, &recipe);
    fuzz_check_saving (&files, &recipe);
    fuzz_close_all (&files);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    tenon_codec_info codec = { .struct_size = sizeof codec };
    try_open (data, size, NULL, "");
    for (uint64_t i = 0; tenon_codec_get (fuzz_context (FUZZ_ONE), i, &codec) == TENON_OK; i++)
        for (const char *const *extension = codec.extensions; *extension; extension++)
            try_open (data, size, codec.id, *extension);
    return 0;
}
