/* SPDX-License-Identifier: MIT */
/* fuzz_read.c - well-formed files of every format, read in every way: slices with steps, casts, one thread
 * and four, mapped and not, by read, load, stream and map. */
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
        fuzz_check_reading (&files, &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
