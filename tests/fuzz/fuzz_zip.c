/* SPDX-License-Identifier: MIT */
/* fuzz_zip.c - archives, deflated or not, with tables of blocks, zip64 fields and members of all formats,
 * with up to four lies. What zlib inflates from beginning to end is what the library reads. */
#include "make.h"
#include <zlib.h>

struct inflated {
    uint8_t *data;
    uint64_t size;
    bool whole; /* the stream ends where the member does */
};

/* Inflates `stored` bytes at most to FUZZ_MOST_BYTES. */
static struct inflated
inflate_all (const uint8_t *from, uint64_t stored)
{
    struct inflated result = { .data = malloc (FUZZ_MOST_BYTES) };
    z_stream z;
    memset (&z, 0, sizeof z);
    if (!result.data || inflateInit2 (&z, -15) != Z_OK)
        abort ();
    z.next_in = (uint8_t *) (uintptr_t) from;
    z.avail_in = (uInt) stored;
    z.next_out = result.data;
    z.avail_out = (uInt) FUZZ_MOST_BYTES;
    result.whole = inflate (&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0;
    result.size = FUZZ_MOST_BYTES - z.avail_out;
    inflateEnd (&z);
    return result;
}

/* The bytes behind the header of an npy file; NULL: it is none. */
static const uint8_t *
behind_header (const struct inflated *npy, uint64_t *left)
{
    if (npy->size < 12 || memcmp (npy->data, "\x93NUMPY", 6) != 0)
        return NULL;
    uint64_t length = (uint64_t) npy->data[8] | (uint64_t) npy->data[9] << 8, lead = 10;
    if (npy->data[6] > 1) {
        length |= (uint64_t) npy->data[10] << 16 | (uint64_t) npy->data[11] << 24;
        lead = 12;
    }
    *left = lead + length <= npy->size ? npy->size - lead - length : 0;
    return lead + length <= npy->size ? npy->data + lead + length : NULL;
}

/* `good`: the archive has no faults. */
static void
compare_member (tenon_file *file, const struct fuzz_buffer *bytes, const tenon_tensor_info *info,
                uint64_t index, bool good)
{
    tenon_memory *memory = NULL;
    tenon_error error;
    uint64_t size, left;
    struct inflated inflated = inflate_all (bytes->data + info->offset, info->stored);
    const uint8_t *stored = behind_header (&inflated, &left);
    const uint8_t *loaded = fuzz_load (file, index, TENON_NONE, &size, &memory, &error);
    uint8_t *straight = malloc (info->nbytes + 1);
    if (!straight)
        abort ();
    if (loaded && stored && left >= info->nbytes && fuzz_straighten (file, info, stored, straight)
        && memcmp (straight, loaded, info->nbytes) != 0)
        fuzz_fail ("'%s': zlib inflates other bytes", info->name);
    if (loaded && stored && left < info->nbytes)
        fuzz_fail ("'%s': zlib inflates %llu bytes behind the header, %llu were read", info->name,
                   (unsigned long long) left, (unsigned long long) info->nbytes);
    if (!loaded && good && inflated.whole)
        fuzz_fail ("'%s': zlib inflates it, the library does not: %s", info->name, error.message);
    free (straight);
    free (inflated.data);
    tenon_memory_free (memory);
}

/* Members of archives in the archive have no place in the file. What no codec can read may inflate well. */
static bool
is_plain_member (const struct fuzz_buffer *bytes, const tenon_tensor_info *info)
{
    return info->unreadable != TENON_E_UNRECOGNISED && info->unreadable != TENON_E_UNSUPPORTED && info->filter
           && strcmp (info->filter, "deflate") == 0 && info->storage == 0
           && info->nbytes <= FUZZ_MOST_BYTES / 2 && info->offset <= bytes->size
           && info->stored <= bytes->size - info->offset && !strstr (info->name, "npz/");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    fuzz_recipe_begin (&recipe, data, size);
    fuzz_make_zip (&bytes, &recipe, 1);
    fuzz_damage (&bytes, &recipe);
    if (fuzz_open_all (&files, bytes.data, bytes.size, "fuzz.npz", NULL)) {
        fuzz_check_reading (&files, &recipe);
        for (uint64_t i = 0; i < tenon_count (files.way[0]) && i < FUZZ_MOST_TENSORS; i++) {
            tenon_tensor_info info = fuzz_tensor (files.way[0], i);
            if (is_plain_member (&bytes, &info))
                compare_member (files.way[0], &bytes, &info, i, recipe.fault_count == 0);
        }
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
