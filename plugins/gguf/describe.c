/* SPDX-License-Identifier: MIT */
/* describe.c - describes a file: the header, and the counts of what follows. */
#include "mlx/mlx.h"

/* The magic is not known to be right if the codec was chosen by the file's name. */
static tenon_status
read_magic (struct gguf_reader *reader)
{
    const uint8_t *magic = gguf_take (reader, 4, "the magic");
    if (!magic)
        return TENON_E_TRUNCATED;
    return memcmp (magic, "GGUF", 4) == 0 ? TENON_OK
                                          : tenon_fail (reader->call, TENON_E_MALFORMED, 0,
                                                        "it begins with %02x %02x %02x %02x, expected 'GGUF'",
                                                        magic[0], magic[1], magic[2], magic[3]);
}

/* The magic is never swapped. A file is big-endian if its version is 3 after swapping. */
static tenon_status
read_version (struct gguf_reader *reader)
{
    uint32_t version;
    TENON_TRY (read_magic (reader));
    TENON_TRY (gguf_take_u32 (reader, &version, "the version"));
    reader->version = version;
    if (version == GGUF_VERSION << 24) {
        reader->version = GGUF_VERSION;
        reader->cursor.big_endian = 1;
        tenon_note (reader->call, TENON_NOTE, NULL, "it is big-endian");
    }
    if (reader->version < 1 || reader->version > GGUF_VERSION)
        return tenon_fail (reader->call, TENON_E_UNSUPPORTED, 4, "its version is %u (0x%x), expected 1 to 3",
                           version, version);
    if (reader->version < GGUF_VERSION)
        tenon_note (reader->call, TENON_NOTE, NULL, "its version is %u; gguf is written as version 3",
                    reader->version);
    return TENON_OK;
}

static tenon_status
check_entries (struct gguf_reader *reader, uint64_t place, uint64_t count, uint64_t least, const char *what)
{
    return count <= gguf_left (reader) / least
               ? TENON_OK
               : tenon_fail (
                   reader->call, TENON_E_TRUNCATED, place,
                   "%llu %s of %llu bytes and more each, %llu bytes are left: the file ends in its header",
                   (unsigned long long) count, what, (unsigned long long) least,
                   (unsigned long long) gguf_left (reader));
}

tenon_status
gguf_describe (struct tenon_call *call)
{
    struct gguf_reader reader;
    memset (&reader, 0, sizeof reader);
    reader.call = call;
    reader.alignment = GGUF_ALIGNMENT;
    reader.most_header = call->host->limit (call, TENON_LIMIT_HEADER_BYTES);
    reader.most_depth = call->host->limit (call, TENON_LIMIT_DEPTH);
    TENON_TRY (tenon_cursor_open (&reader.cursor, call, 0, 0));
    TENON_TRY (read_version (&reader));
    TENON_TRY (gguf_split_begin (&reader));
    TENON_TRY (gguf_mlx_wanted (call, &reader.triples));
    uint64_t place = reader.cursor.position, size = reader.version > 1 ? 8 : 4;
    TENON_TRY (gguf_take_size (&reader, &reader.tensors, "the number of tensors"));
    TENON_TRY (gguf_take_size (&reader, &reader.pairs, "the number of key-value pairs"));
    /* the least bytes of a pair: a key of a byte, a type, a byte; of a tensor: a name, no dims, a type, an
     * offset */
    TENON_TRY (check_entries (&reader, place + size, reader.pairs, size + 6, "key-value pairs"));
    TENON_TRY (check_entries (&reader, place, reader.tensors, size + 16, "tensors"));
    TENON_TRY (gguf_read_pairs (&reader));
    TENON_TRY (gguf_split_check (&reader));
    TENON_TRY (gguf_read_infos (&reader));
    return gguf_split_end (&reader);
}
