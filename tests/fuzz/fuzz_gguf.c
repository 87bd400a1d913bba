/* SPDX-License-Identifier: MIT */
/* fuzz_gguf.c - files of gguf with up to four lies: read in every way, and saved. */
#include "make.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    fuzz_recipe_begin (&recipe, data, size);
    fuzz_make_gguf (&bytes, &recipe);
    fuzz_damage (&bytes, &recipe);
    if (fuzz_open_all (&files, bytes.data, bytes.size, "fuzz.gguf", NULL)) {
        fuzz_check_reading (&files, &recipe);
        fuzz_check_saving (&files, &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
