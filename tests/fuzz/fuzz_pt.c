/* SPDX-License-Identifier: MIT */
/* fuzz_pt.c - what torch.save writes, in both forms, with up to four lies: read in every way, and saved. Of a
 * file without lies each tensor is there, and can be read. */
#include "make.h"

static void
check_tensors (tenon_file *file, const struct fuzz_pt *what)
{
    tenon_file_info info = { .struct_size = sizeof info };
    if (tenon_file_get (file, &info) < 0 || info.tensors != what->tensors || info.unreadable > 0)
        fuzz_fail ("%llu tensors were made, %llu are listed, %llu of these cannot be read",
                   (unsigned long long) what->tensors, (unsigned long long) info.tensors,
                   (unsigned long long) info.unreadable);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    struct fuzz_pt what = { 0 };
    fuzz_recipe_begin (&recipe, data, size);
    fuzz_make_pt (&bytes, &recipe, &what);
    fuzz_damage (&bytes, &recipe);
    bool opens = fuzz_open_all (&files, bytes.data, bytes.size, "fuzz.pt", NULL);
    if (!opens && recipe.fault_count == 0 && !what.spare)
        fuzz_fail ("a file without lies does not open");
    if (opens) {
        if (recipe.fault_count == 0 && !what.spare)
            check_tensors (files.way[0], &what);
        fuzz_check_reading (&files, &recipe);
        fuzz_check_saving (&files, &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
