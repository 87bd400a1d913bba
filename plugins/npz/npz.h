/* SPDX-License-Identifier: MIT */
/* npz.h - what the files of the npz plugin share. Each calls those below it only.
 *
 *     npz.c            the tables, describe, and probe
 *     member.c         describe: a member, handed to another codec
 *     local.c          describe: a member, checked against its two headers
 *     write.c          write: a plan as an archive
 *     append.c         write: a plan added to an archive
 *     metadata.c       write: the member of metadata
 *     metadata_read.c  the way back
 *     headers.c        local headers and the directory, written
 *     blocks.c         the private extra field that tells where the blocks of a deflated member end
 *     directory.c      the end of an archive and its directory, read
 *     names.c          names of members as text
 *     name_set.c, crc32.c, extra.c
 *
 * The format: PKWARE's APPNOTE.TXT 6.3, as Python's zipfile and numpy.savez write it. All numbers are
 * little-endian; positions and lengths are bytes. All memory is scratch of the call. */
#ifndef TENON_NPZ_H
#define TENON_NPZ_H

#include <tenon/plugin.h>

/* ---- numbers of the format ---- */

#define NPZ_LOCAL 0x04034b50u /* "PK\3\4" */
#define NPZ_CENTRAL 0x02014b50u
#define NPZ_END 0x06054b50u
#define NPZ_END64 0x06064b50u
#define NPZ_LOCATOR 0x07064b50u
#define NPZ_DESCRIPTOR 0x08074b50u
/* Bytes of each without what varies. */
#define NPZ_LOCAL_BYTES 30u
#define NPZ_CENTRAL_BYTES 46u
#define NPZ_END_BYTES 22u
#define NPZ_END64_BYTES 56u
#define NPZ_LOCATOR_BYTES 20u
/* A field of this value: look into the zip64 extra field, or the zip64 end record. */
#define NPZ_MAX16 0xffffu
#define NPZ_MAX32 0xffffffffu

/* Bits of the general purpose flags. */
#define NPZ_ENCRYPTED 0x2041u /* 0; 6: strongly; 13: the headers are masked */
#define NPZ_PATCHED 0x0020u   /* compressed patched data */
#define NPZ_DESCRIBED 0x0008u /* sizes and CRC follow the data */
#define NPZ_UTF8 0x0800u
/* Methods. */
#define NPZ_STORED 0u
#define NPZ_DEFLATED 8u
#define NPZ_BZIP2 12u
#define NPZ_LZMA 14u
#define NPZ_ZSTD 93u
#define NPZ_XZ 95u
/* Extra fields: u16 id, u16 length, the bytes. */
#define NPZ_EXTRA_ZIP64 0x0001u
#define NPZ_EXTRA_UNICODE_PATH 0x7075u /* Info-ZIP's */
#define NPZ_EXTRA_BLOCKS 0x6e74u       /* our own, "tn" */
#define NPZ_EXTRA_PADDING 0xd935u      /* zipalign's */

/* The codec's options, by their place in its table. */
enum {
    NPZ_OPTION_COMPRESSION = 0,
    NPZ_OPTION_LEVEL = 1,
    NPZ_OPTION_MEMBER = 2,
    NPZ_OPTION_VERIFY = 3,
    NPZ_OPTION_METADATA = 4,
    NPZ_OPTION_OTHERS = 5,
    NPZ_OPTIONS = 6
};
enum { NPZ_COMPRESSION_NONE = 0, NPZ_COMPRESSION_DEFLATE = 1 };
enum { NPZ_VERIFY_READ = 0, NPZ_VERIFY_MAP = 1, NPZ_VERIFY_NO = 2 };
enum { NPZ_METADATA_NONE = 0, NPZ_METADATA_MEMBER = 1 };
enum { NPZ_OTHERS_SKIP = 0, NPZ_OTHERS_BYTES = 1 };

/* ---- directory.c ---- */

/* The central directory of an archive. */
struct npz_directory {
    uint64_t count;        /* entries */
    uint64_t offset, size; /* of the directory in the file */
    uint64_t end;          /* offset of the end record */
    uint64_t loose;        /* bytes behind the directory that belong to no record */
    const uint8_t *bytes;  /* a private copy of the directory */
    const uint8_t *comment;
    uint32_t comment_length;
};

/* An entry of the directory. Numbers are those of the zip64 field if it has one. */
struct npz_entry {
    const uint8_t *bytes; /* the entry in the directory's copy */
    const uint8_t *raw;   /* its name there */
    const uint8_t *extra;
    const char *name; /* UTF-8; need not end in NUL */
    uint32_t raw_length, extra_length, name_length, entry_length;
    uint32_t flags, method, crc;
    uint64_t stored, size; /* encoded, decoded */
    uint64_t offset;       /* of its local header */
    uint64_t place;        /* of the entry in the file */
};

/* Finds the end record, and with it the place of the directory. Reads nothing else. */
tenon_status npz_find_directory (struct tenon_call *call, uint64_t file_size,
                                 struct npz_directory *directory);
/* The same, and reads the directory. */
tenon_status npz_open_directory (struct tenon_call *call, struct npz_directory *directory);
/* The entry at `position` in the directory. */
tenon_status npz_read_entry (struct tenon_call *call, const struct npz_directory *directory,
                             uint64_t position, struct npz_entry *entry);

/* ---- crc32.c ---- */

/* Continues a CRC-32 (ISO 3309), which begins as 0. */
uint32_t npz_crc32 (uint32_t crc, const void *bytes, uint64_t length);

/* ---- names.c ---- */

/* The extra field of this id; NULL if there is none. A list that is not well-formed ends at the fault. */
const uint8_t *npz_find_extra (const uint8_t *extra, uint32_t length, uint32_t id, uint32_t *size);

#define NPZ_SHOWN 200u
/* The name of an entry for a message, or for the item of a note, both of which the host escapes; cut if it is
 * long, and with '?' for a NUL. Returns `shown`. */
const char *npz_show (const struct npz_entry *entry, char shown[NPZ_SHOWN]);
/* True if no byte of a name of less than 2^32 bytes is above 0x7f. */
int npz_is_ascii (const void *text, uint64_t length);
/* Fills in entry->name. Fails on a name with a NUL, or on one that is announced as UTF-8 and is not. */
tenon_status npz_decode_name (struct tenon_call *call, struct npz_entry *entry);

/* True if a member has the name of metadata, NPZ_METADATA_NAME. */
int npz_is_metadata (const struct npz_entry *entry);

struct npz_name {
    const char *text; /* the caller's; need not end in NUL */
    uint32_t length;
    uint32_t last; /* the number of the last member of that name */
};
/* A set of names, in a hash table. */
struct npz_names {
    /* of each slot the lower index_bits are the number of an entry, from 1, and the others bits of its hash;
     * 0: the slot is free */
    uint32_t *slots;
    struct npz_name *entries;
    struct tenon_call *call;
    uint64_t mask, count;
    uint32_t index_bits;
};
/* Begins a set with room for `count` names. */
tenon_status npz_begin_names (struct tenon_call *call, uint64_t count, struct npz_names *names);
/* The slot of a name, which holds 0 if the name is not in the set; *tag are the bits of its hash. */
uint32_t *npz_find_name (const struct npz_names *names, const char *text, uint32_t length, uint32_t *tag);
/* The name of a slot that is not 0. */
struct npz_name *npz_name_in (const struct npz_names *names, const uint32_t *slot);
/* Adds a name. Returns 0 if it was there already. */
int npz_add_name (struct npz_names *names, const char *text, uint32_t length);

/* ---- blocks.c ---- */

/* The most bytes of the field of blocks, and the bytes before its table. */
#define NPZ_BLOCKS 16000u
#define NPZ_BLOCKS_HEAD 8u
/* Tells `part` where the blocks of an encoded member end, if its entry tells; else block_size stays 0. A
 * table that cannot be right is ignored, with a note. */
tenon_status npz_take_blocks (struct tenon_call *call, const struct npz_entry *entry,
                              struct tenon_part *part);
/* The bytes of the field for a member; 0 if it gets none. */
uint32_t npz_blocks_bytes (const struct tenon_member_result *result);
/* Writes them, and returns the address behind. */
void *npz_put_blocks (void *to, const struct tenon_member_result *result);

/* ---- local.c ---- */

/* Why a member cannot be read; status 0: it can. */
struct npz_fault {
    tenon_status status;
    char words[300];
};

/* The state of describe. */
struct npz_reader {
    struct tenon_call *call;
    const struct npz_directory *directory;
    struct npz_names names; /* of the members, raw */
    uint64_t replaced;      /* members that a later one of the same name replaces */
    int64_t verify, others; /* NPZ_VERIFY_*, NPZ_OTHERS_* */
    uint64_t recognised;    /* members that a codec recognised */
    struct npz_fault fault; /* of the member */
    char *prefix;           /* of metadata keys; used again for each member */
    uint64_t prefix_room;
};

/* Checks an entry by itself, then against its local header. *lead: the bytes from the first of that header to
 * the first of the data. A place that cannot be is a failure of the archive; whatever else is wrong with one
 * member goes to reader->fault. */
tenon_status npz_check_member (struct npz_reader *reader, const struct npz_entry *entry, uint64_t *lead);
/* Adds a member whose bytes cannot be read, for the reason in reader->fault: as a tensor if it has the name
 * of an array. */
tenon_status npz_skip_member (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source);

/* ---- member.c ---- */

/* Finds the members that a later one of the same name replaces. */
tenon_status npz_find_replaced (struct npz_reader *reader);
/* Checks member number `index` and makes a source of it; *source is NPZ_NO_SOURCE for a folder, and for a
 * member that cannot be read or is replaced. */
#define NPZ_NO_SOURCE UINT32_MAX
tenon_status npz_add_member (struct npz_reader *reader, uint64_t index, const struct npz_entry *entry,
                             uint32_t *source);
/* Describes that source: as metadata, or by the codec that recognises it. */
tenon_status npz_include_member (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source);

/* ---- headers.c ---- */

#define NPZ_LONGEST_NAME 65535u

/* A chunk of the new directory: entries in the order of the members. Each chunk is twice as large as the one
 * before, so that nothing is copied. */
struct npz_chunk {
    struct npz_chunk *next;
    uint64_t room, used;
    uint8_t *bytes;
};

/* The state of write. */
struct npz_writer {
    struct tenon_call *call;
    struct npz_chunk *first, *last;
    uint64_t entries, bytes; /* of the directory so far */
    struct tenon_step step;  /* of members; its filter is NULL or "deflate" */
    const char *suffix;      /* of members: their codec and extension, "npy" */
    uint64_t suffix_length;
    uint32_t seekable;
    uint64_t announced; /* the tensors before this one are written or announced */
    char *name;         /* of the member; used again for each */
    uint64_t name_room;
    const uint8_t *comment; /* of the archive that is added to */
    uint32_t comment_length;
};

/* A member, for both of its headers. */
struct npz_heading {
    const char *name;
    uint64_t name_length;
    uint32_t flags, method;
    int wide;        /* its local header has a zip64 field */
    uint64_t offset; /* of the local header */
};

/* True if a member with `length` bytes of data, and a header before them, may reach 4 GiB. */
int npz_may_be_wide (uint64_t length);
/* A member is: its local header; its data; the numbers that are known then; its entry. */
tenon_status npz_put_local (struct npz_writer *writer, struct npz_heading *heading);
tenon_status npz_complete_local (struct npz_writer *writer, const struct npz_heading *heading,
                                 const struct tenon_member_result *result);
tenon_status npz_add_entry (struct npz_writer *writer, const struct npz_heading *heading,
                            const struct tenon_member_result *result);
/* Adds an entry of an old directory as it is. */
tenon_status npz_keep_entry (struct npz_writer *writer, const struct npz_entry *entry);
/* Writes the directory and its end. */
tenon_status npz_put_directory (struct npz_writer *writer);

/* ---- metadata.c, metadata_read.c ---- */

#define NPZ_METADATA_NAME "__tenon__.npy"
/* The bytes of that member before the JSON, and the beginning of its header as NumPy writes it; the only dim
 * follows. */
#define NPZ_METADATA_LEAD 128u
#define NPZ_METADATA_HEADER "{'descr': '|u1', 'fortran_order': False, 'shape': ("
/* Writes the member for the `entries` entries of metadata in the plan. */
tenon_status npz_put_metadata (struct npz_writer *writer, uint64_t entries);
/* Adds the metadata of a member of that name to the catalog. *taken is 0 if it holds something else. */
tenon_status npz_take_metadata (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source,
                                int *taken);
/* *holds is 1 if such a member of the archive that is added to holds metadata. */
tenon_status npz_check_old_metadata (struct tenon_call *call, const struct npz_entry *entry, int *holds);

/* ---- append.c ---- */

/* The archive that is added to. */
struct npz_old {
    struct npz_directory directory;
    int has_metadata; /* it has a member of metadata */
    int has_tensor;   /* it has another member of that name */
};
/* Reads the old directory, and puts all bytes before it, if it has members. What would be lost is told.
 * `metadata`: the plan has some, old or new. */
tenon_status npz_begin_append (struct npz_writer *writer, int metadata, struct npz_old *old);
/* Keeps the entries of the old members, before all new ones, but for the members that the plan replaces. */
tenon_status npz_keep_old (struct npz_writer *writer, const struct npz_old *old, uint64_t tensors,
                           int replaces_metadata);

/* ---- write.c ---- */

tenon_status npz_write (struct tenon_call *call);

#endif
