/* SPDX-License-Identifier: MIT */
/* npz.h - what the files of the npz plugin share.
 *
 *     npz.c        the tables, the options, probe, and describe
 *     directory.c  the end of an archive: where its central directory lies, and the entries in it
 *     member.c     one entry: checked against the member's local header, and handed to another codec
 *     names.c      names as text, and sets of them
 *     blocks.c     the private extra field that tells where the blocks of a deflated member end
 *     write.c      write: members, and the directory at the end
 *     append.c     write into an archive that is there
 *     metadata.c   the member that keeps metadata, and metadata_read.c, the way back
 *
 * The format: PKWARE's APPNOTE.TXT 6.3, as Python's zipfile and numpy.savez use it. All numbers are
 * little-endian. */
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
#define NPZ_ZSTD 93u
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
    NPZ_OPTIONS = 5
};
enum { NPZ_COMPRESSION_NONE = 0, NPZ_COMPRESSION_DEFLATE = 1 };
enum { NPZ_VERIFY_READ = 0, NPZ_VERIFY_MAP = 1, NPZ_VERIFY_NO = 2 };
enum { NPZ_METADATA_NONE = 0, NPZ_METADATA_MEMBER = 1 };

/* ---- directory.c ---- */

/* What the end of an archive says, and its central directory in memory. */
struct npz_directory {
    uint64_t count;        /* entries */
    uint64_t offset, size; /* of the directory in the file */
    uint64_t end;          /* offset of the end record */
    const uint8_t *bytes;  /* a private copy of the directory */
    const uint8_t *comment;
    uint32_t comment_length;
};

/* One entry of the directory, zip64 numbers included. */
struct npz_entry {
    const uint8_t *bytes; /* of the entry in the directory's copy */
    const uint8_t *raw;   /* its name there */
    const uint8_t *extra;
    const char *name; /* UTF-8; not NUL-terminated */
    uint32_t raw_length, extra_length, name_length, entry_length;
    uint32_t flags, method, crc;
    uint64_t stored, size; /* bytes, encoded and decoded */
    uint64_t offset;       /* of its local header */
    uint64_t place;        /* of the entry in the file */
};

/* Finds the end record and, with it, the place of the directory; reads nothing else. */
tenon_status npz_find_directory (struct tenon_call *call, uint64_t file_size,
                                 struct npz_directory *directory);
/* The same, and the directory itself. */
tenon_status npz_open_directory (struct tenon_call *call, struct npz_directory *directory);
/* The entry at `position` in the directory. Its name is not decoded yet. */
tenon_status npz_read_entry (struct tenon_call *call, const struct npz_directory *directory,
                             uint64_t position, struct npz_entry *entry);
/* The extra field of this id; NULL: there is none. A list that is not well-formed ends where it breaks. */
const uint8_t *npz_find_extra (const uint8_t *extra, uint32_t length, uint32_t id, uint32_t *size);

/* ---- names.c ---- */

#define NPZ_SHOWN 200u
/* An entry's name for a message: no control characters, cut when it is long; in `shown`, which is returned.
 */
const char *npz_show (const struct npz_entry *entry, char shown[NPZ_SHOWN]);
/* Of a name: it has less than 2^32 bytes. */
int npz_is_ascii (const void *text, uint64_t length);
/* Fills entry->name. `must`: what is no text is refused, else it is shown with question marks. */
tenon_status npz_decode_name (struct tenon_call *call, struct npz_entry *entry);

struct npz_name {
    const char *text; /* somebody else's; not NUL-terminated */
    uint32_t length;
};
/* A set of names. */
struct npz_names {
    /* of an entry, counted from 1, in the lower index_bits, and as much of its hash as there is room for
     * above them; 0: free */
    uint32_t *slots;
    struct npz_name *entries;
    uint64_t mask, count, seed;
    uint32_t index_bits;
};
/* Room for `count` names. */
tenon_status npz_begin_names (struct tenon_call *call, uint64_t count, struct npz_names *names);
/* Where the name's slot is: 0 in it, it has none yet. */
uint32_t *npz_find_name (const struct npz_names *names, const char *text, uint32_t length, uint32_t *tag);
/* 0: it was there already. */
int npz_add_name (struct npz_names *names, const char *text, uint32_t length);
/* ISO 3309's CRC-32. */
uint32_t npz_crc32 (uint32_t crc, const void *bytes, uint64_t length);

/* ---- blocks.c ---- */

/* Most bytes of the field that tells of blocks, its head included. */
#define NPZ_BLOCKS 16000u
#define NPZ_BLOCKS_HEAD 8u
/* Where the blocks of a member end, when its entry tells; else block_size stays 0. A table that cannot be
 * true is passed over with a note. */
tenon_status npz_take_blocks (struct tenon_call *call, const struct npz_entry *entry,
                              struct tenon_part *part);
/* The bytes that the field takes for a member; 0: it gets none. */
uint32_t npz_blocks_bytes (const struct tenon_member_result *result);
void *npz_put_blocks (void *to, const struct tenon_member_result *result);

/* ---- member.c ---- */

/* What describe knows while it goes through the members. */
struct npz_reader {
    struct tenon_call *call;
    const struct npz_directory *directory;
    struct npz_names names;
    int64_t verify;      /* NPZ_VERIFY_* */
    uint64_t recognised; /* members that a codec took */
    char *prefix;        /* of metadata keys; grows */
    uint64_t prefix_room;
};
/* Checks the member and makes a source of it; *source is NPZ_NO_SOURCE for a folder. */
#define NPZ_NO_SOURCE UINT32_MAX
tenon_status npz_add_member (struct npz_reader *reader, const struct npz_entry *entry, uint32_t *source);
/* Takes it for metadata, or hands it to whichever codec recognises it. */
tenon_status npz_include_member (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source);

/* ---- write.c ---- */

/* A chunk of the directory: entries in the order of the members. Chunks double, nothing is copied. */
struct npz_chunk {
    struct npz_chunk *next;
    uint64_t room, used;
    uint8_t *bytes;
};

struct npz_writer {
    struct tenon_call *call;
    struct npz_chunk *first, *last;
    uint64_t entries, bytes; /* of the directory */
    const char *filter, *suffix;
    uint64_t suffix_length;
    int32_t level;
    uint32_t seekable;
    uint64_t announced; /* tensors whose members are announced, or put */
    char *name;         /* of the member; memory that is used again */
    uint64_t name_room;
    const uint8_t *comment; /* of the archive that is added to */
    uint32_t comment_length;
};

/* What both headers of a member say. */
struct npz_heading {
    const char *name;
    uint64_t name_length;
    uint32_t flags, method;
    int wide;        /* its local header has a zip64 field */
    uint64_t offset; /* of the local header */
};

tenon_status npz_write (struct tenon_call *call);
tenon_status npz_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting);
/* `size` more bytes of the directory; NULL: the failure is recorded. */
uint8_t *npz_add_bytes (struct npz_writer *writer, uint64_t size);
/* May a member with so many bytes of data, and a header before them, come to 4 GiB? */
int npz_may_be_wide (uint64_t length);
/* A member: its local header; then, behind its data, what became known by then; then its entry. */
tenon_status npz_put_local (struct npz_writer *writer, struct npz_heading *heading);
tenon_status npz_complete_local (struct npz_writer *writer, const struct npz_heading *heading,
                                 const struct tenon_member_result *result);
tenon_status npz_add_entry (struct npz_writer *writer, const struct npz_heading *heading,
                            const struct tenon_member_result *result);

/* ---- append.c ---- */

/* What of the old archive stays. */
struct npz_old {
    struct npz_directory directory;
    int has_metadata; /* it has a member of metadata */
    int has_tensor;   /* it has another member of that name */
};
/* Reads the old archive's directory, and puts what lies before it. metadata: are there any, old or new? */
tenon_status npz_begin_append (struct npz_writer *writer, int metadata, struct npz_old *old);
/* Enters the old members, but for those that the plan replaces, before all new ones. */
tenon_status npz_keep_old (struct npz_writer *writer, const struct npz_old *old, uint64_t tensors,
                           int replaces_metadata);

/* ---- metadata.c, metadata_read.c ---- */

#define NPZ_METADATA_MEMBER_NAME "__tenon__.npy"
/* What NumPy's header of such a member begins with; its only dim follows. */
#define NPZ_METADATA_HEADER "{'descr': '|u1', 'fortran_order': False, 'shape': ("
tenon_status npz_put_metadata (struct npz_writer *writer, uint64_t entries);
/* Adds the metadata of a member of that name. *taken is 0 when it holds something else. */
tenon_status npz_take_metadata (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source,
                                int *taken);
/* Does this member of the archive that is added to hold metadata? */
tenon_status npz_check_old_metadata (struct tenon_call *call, const struct npz_entry *entry, int *holds);

#endif
