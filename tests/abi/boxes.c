/* SPDX-License-Identifier: MIT */
/* boxes.c - files of the codec toybox, made without its plugin. */
#include "boxes.h"
#include <zlib.h>

void
box_begin (struct box *box)
{
    box->file.size = box->directory.size = 0;
    box->members = 0;
    kit_text (&box->file, "TOYBOX1\n");
    kit_pad (&box->file, 24);
}

void
box_add (struct box *box, const char *name, unsigned filter, const struct bytes *stored, uint64_t size,
         uint32_t crc, uint64_t block_size, unsigned blocks, const uint64_t *ends)
{
    struct bytes *directory = &box->directory;
    kit_text (&box->file, "MEMB");
    kit_name (&box->file, name);
    kit_name (directory, name);
    kit_le (directory, filter, 1);
    kit_le (directory, 1, 1);
    kit_le (directory, 6 + strlen (name), 8);
    kit_le (directory, box->file.size, 8);
    kit_le (directory, stored->size, 8);
    kit_le (directory, size, 8);
    kit_le (directory, crc, 4);
    kit_le (directory, block_size, 8);
    kit_le (directory, blocks, 4);
    for (unsigned i = 0; i < blocks; i++)
        kit_le (directory, ends[i], 8);
    kit_put (&box->file, stored->data, stored->size);
    box->members++;
}

void
box_end (struct box *box)
{
    struct bytes head = { .size = 0 };
    kit_le (&head, box->members, 4);
    kit_le (&head, 0, 4);
    kit_le (&head, box->file.size, 8);
    memcpy (box->file.data + 8, head.data, head.size);
    kit_put (&box->file, box->directory.data, box->directory.size);
}

void
encode_member (struct bytes *to, unsigned filter, const struct bytes *from, size_t block_size, uint64_t *ends)
{
    z_stream z;
    size_t blocks = (from->size + block_size - 1) / block_size;
    memset (&z, 0, sizeof z);
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    to->size = 0;
    for (size_t i = 0; i < blocks; i++) {
        const uint8_t *block = from->data + i * block_size;
        size_t size = i + 1 < blocks ? block_size : from->size - i * block_size;
        if (filter == TOYXOR) {
            kit_le (to, size | (i + 1 == blocks ? 0x80000000u : 0), 4);
            for (size_t k = 0; k < size; k++)
                kit_le (to, block[k] ^ (uint8_t) k, 1);
        } else if (filter == TOYROT)
            for (size_t k = size; k-- > 0;)
                kit_le (to, block[k], 1);
        else {
            z.next_in = (Bytef *) (uintptr_t) block;
            z.avail_in = (uInt) size;
            z.next_out = to->data + to->size;
            z.avail_out = (uInt) (sizeof to->data - to->size);
            deflate (&z, i + 1 == blocks ? Z_FINISH : Z_FULL_FLUSH);
            to->size = sizeof to->data - z.avail_out;
        }
        ends[i] = to->size;
    }
    deflateEnd (&z);
}

void
make_inner (struct bytes *inner, const char *name)
{
    inner->size = 0;
    kit_raw_head (inner, 1, 0, 100);
    kit_raw_tensor (inner, name, "u32", 0, 1, KIT_SHAPE (ITEMS), 0, 4 * ITEMS);
    kit_pad (inner, 100);
    for (unsigned i = 0; i < ITEMS; i++)
        kit_le (inner, i, 4);
}

uint32_t
sum_of (const struct bytes *bytes)
{
    return (uint32_t) crc32 (0, bytes->data, (uInt) bytes->size);
}

void
add_inner (struct box *box, const char *name, const char *tensor, unsigned filter, size_t block_size,
           int with_table)
{
    static struct bytes inner, stored;
    static uint64_t ends[8192];
    make_inner (&inner, tensor);
    if (filter == STORED)
        stored = inner;
    else
        encode_member (&stored, filter, &inner, block_size, ends);
    size_t blocks = (inner.size + block_size - 1) / block_size;
    box_add (box, name, filter, &stored, inner.size, sum_of (&inner), with_table ? block_size : 0,
             with_table ? (unsigned) blocks : 0, ends);
}

void
check_items (tenon_file *file, const char *name)
{
    uint32_t items[ITEMS], part[7];
    tenon_request request;
    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = i; /* big-endian machines compare the bytes as numbers below */
    const uint16_t one = 1;
    if (*(const uint8_t *) &one == 1)
        kit_data (file, name, "", items, sizeof items);
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, name, &request.index), TENON_OK);
    for (uint64_t start = ITEMS - 19; start < ITEMS; start -= 107) { /* backwards */
        request.rank = 1;
        request.start = &start;
        request.count = KIT_SHAPE (7);
        request.step = (const int64_t[]){ 3 };
        request.data = part;
        request.size = sizeof part;
        tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        for (unsigned i = 0; i < 7; i++)
            ck_assert_uint_eq (part[i], start + 3 * i);
    }
}
