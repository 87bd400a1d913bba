/* SPDX-License-Identifier: MIT */
/* fuzz_convert.c - files of every format, saved in every format with options, read again, saved again,
 * and saved back in their own format. */
#include "make.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    fuzz_recipe_begin (&recipe, data, size);
    const char *name = fuzz_make_file (&bytes, &recipe);
    fuzz_damage (&bytes, &recipe);
    if (fuzz_open_all (&files, bytes.data, bytes.size, name, NULL)) {
        fuzz_check_saving (&files, &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
