/* SPDX-License-Identifier: MIT */
/* fuzz_zarr.c - stores of Zarr, versions 2 and 3, as zip archives, with up to four lies: read in every way.
 * Of a store without lies each array is there, and can be read. */
#include "make.h"

static void
check_arrays (tenon_file *file, uint32_t count)
{
    tenon_file_info info = { .struct_size = sizeof info };
    if (tenon_file_get (file, &info) < 0 || info.tensors != count || info.unreadable > 0)
        fuzz_fail ("%u arrays were made, %llu are listed, %llu of these cannot be read", count,
                   (unsigned long long) info.tensors, (unsigned long long) info.unreadable);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    fuzz_recipe_begin (&recipe, data, size);
    uint32_t count = fuzz_make_zarr (&bytes, &recipe);
    fuzz_damage (&bytes, &recipe);
    bool opens = fuzz_open_all (&files, bytes.data, bytes.size, "fuzz.zarr.zip", NULL);
    if (!opens && recipe.fault_count == 0)
        fuzz_fail ("a store without lies does not open");
    if (opens) {
        if (recipe.fault_count == 0)
            check_arrays (files.way[0], count);
        fuzz_check_reading (&files, &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
