/* SPDX-License-Identifier: MIT */
/* kit_bytes.c - files laid out byte for byte, and compared. */
#include "kit.h"

void
kit_put (struct bytes *bytes, const void *from, size_t size)
{
    ck_assert_uint_le (size, sizeof bytes->data - bytes->size);
    memcpy (bytes->data + bytes->size, from, size);
    bytes->size += size;
}

void
kit_text (struct bytes *bytes, const char *text)
{
    kit_put (bytes, text, strlen (text));
}

void
kit_le (struct bytes *bytes, uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t byte = (uint8_t) (number >> 8 * i);
        kit_put (bytes, &byte, 1);
    }
}

void
kit_be (struct bytes *bytes, uint64_t number, unsigned width)
{
    while (width-- > 0) {
        uint8_t byte = (uint8_t) (number >> 8 * width);
        kit_put (bytes, &byte, 1);
    }
}

void
kit_name (struct bytes *bytes, const char *text)
{
    kit_le (bytes, strlen (text), 2);
    kit_text (bytes, text);
}

void
kit_f32 (struct bytes *bytes, float number)
{
    uint32_t bits;
    memcpy (&bits, &number, sizeof bits);
    kit_le (bytes, bits, 4);
}

void
kit_pad (struct bytes *bytes, size_t size)
{
    ck_assert (bytes->size <= size && size <= sizeof bytes->data);
    memset (bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

void
kit_raw_head (struct bytes *bytes, uint32_t tensors, uint32_t metadata, uint64_t data)
{
    kit_text (bytes, "TOYRAW1L");
    kit_le (bytes, tensors, 4);
    kit_le (bytes, metadata, 4);
    kit_le (bytes, data, 8);
}

void
kit_raw_tensor (struct bytes *bytes, const char *name, const char *dtype, uint32_t flags, unsigned rank,
                const uint64_t *shape, uint64_t offset, uint64_t length)
{
    kit_name (bytes, name);
    kit_le (bytes, strlen (dtype), 1);
    kit_text (bytes, dtype);
    kit_le (bytes, rank, 1);
    kit_le (bytes, flags, 4);
    for (unsigned i = 0; i < rank; i++)
        kit_le (bytes, shape[i], 8);
    kit_le (bytes, offset, 8);
    kit_le (bytes, length, 8);
}

void
kit_raw_string (struct bytes *bytes, const char *key, const char *text, size_t length)
{
    kit_name (bytes, key);
    kit_le (bytes, TENON_STRING, 1);
    kit_le (bytes, length, 4);
    kit_put (bytes, text, length);
}

void
kit_file (const char *name, const struct bytes *bytes)
{
    kit_save (name, bytes->data, bytes->size);
}

void
kit_same (const char *what, const uint8_t *found, size_t found_size, const uint8_t *wanted,
          size_t wanted_size)
{
    size_t i = 0, least = found_size < wanted_size ? found_size : wanted_size;
    while (i < least && found[i] == wanted[i])
        i++;
    ck_assert_msg (i == found_size && i == wanted_size,
                   "%s: %zu bytes, %zu expected; byte %zu is %02x, %02x expected", what, found_size,
                   wanted_size, i, i < found_size ? found[i] : 0, i < wanted_size ? wanted[i] : 0);
}

void
kit_shard (const char *file, const char *tensor, uint8_t item, uint8_t author)
{
    struct bytes bytes = { .size = 0 };
    kit_raw_head (&bytes, 1, 1, 64);
    kit_name (&bytes, "author");
    kit_le (&bytes, TENON_U8, 1);
    kit_le (&bytes, author, 1);
    kit_raw_tensor (&bytes, tensor, "u8", 0, 0, NULL, 0, 1);
    kit_pad (&bytes, 64);
    kit_le (&bytes, item, 1);
    kit_file (file, &bytes);
}

void
kit_same_file (const char *name, const struct bytes *bytes)
{
    size_t size;
    const uint8_t *found = kit_load (name, &size);
    kit_same (name, found, size, bytes->data, bytes->size);
}
