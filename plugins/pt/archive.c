/* SPDX-License-Identifier: MIT */
/* archive.c - what torch.save writes: an archive whose keys begin with one name, NAME/data.pkl with the
 * object, NAME/data/KEY with each storage, NAME/byteorder with the byte order of these. */
#include "pt.h"

#define PICKLE_KEY "data.pkl"
#define STORAGE_KEY "data/"
/* The longest key of a storage that is looked for: torch counts them. */
#define MOST_KEY 4096u

struct archive {
    const char *name; /* of all keys, with the '/' behind it */
    uint64_t name_length;
    char *key; /* room for NAME/data/KEY */
};

/* ---- the name ---- */

static int
ends_with (const struct tenon_key *key, const char *end)
{
    size_t length = strlen (end);
    return key->length >= length && memcmp (key->key + key->length - length, end, length) == 0;
}

/* Finds NAME/data.pkl. Without one it is the name of the file that says what it is. */
static tenon_status
find_name (struct tenon_call *call, struct archive *archive)
{
    struct tenon_key key = TENON_INIT (key);
    do {
        tenon_status status = call->host->next_key (call, "", 0, &key);
        if (status == TENON_E_NOT_FOUND)
            return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO,
                               "it is no PyTorch checkpoint: it has no member FOLDER/" PICKLE_KEY);
        TENON_TRY (status);
    } while (!ends_with (&key, "/" PICKLE_KEY)
             || memchr (key.key, '/', key.length) != key.key + key.length - sizeof PICKLE_KEY);
    archive->name = key.key;
    archive->name_length = key.length - (sizeof PICKLE_KEY - 1);
    archive->key = call->host->scratch (call, archive->name_length + sizeof STORAGE_KEY + MOST_KEY);
    if (!archive->key)
        return TENON_E_MEMORY;
    memcpy (archive->key, archive->name, archive->name_length);
    return TENON_OK;
}

/* Opens NAME/MIDDLE KEY. */
static tenon_status
open_member (struct tenon_call *call, const struct archive *archive, const char *middle, const void *key,
             uint64_t length, uint32_t *source, uint64_t *size)
{
    struct tenon_source_info info = TENON_INIT (info);
    uint64_t before = archive->name_length + strlen (middle);
    memcpy (archive->key + archive->name_length, middle, strlen (middle));
    memcpy (archive->key + before, key, length);
    TENON_TRY (call->host->open_key (call, archive->key, before + length, source));
    TENON_TRY (call->host->source_info (call, *source, &info));
    *size = info.size;
    return TENON_OK;
}

/* ---- storages ---- */

static tenon_status
open_storage (struct pt_reader *reader, struct pt_storage *storage)
{
    uint64_t length = storage->key_length;
    storage->state = PT_MISSING;
    storage->status = TENON_E_MALFORMED;
    if (length == 0 || length > MOST_KEY)
        return TENON_OK;
    tenon_status status = open_member (reader->call, reader->own, STORAGE_KEY, storage->key, length,
                                       &storage->source, &storage->size);
    if (status == TENON_OK)
        storage->state = PT_OPENED;
    else if (status != TENON_E_NOT_FOUND) {
        const char *why = reader->call->host->answer (reader->call);
        size_t room = strlen (why) + 1;
        char *copy = pt_room (&reader->machine, room);
        if (!copy)
            return TENON_E_MEMORY;
        memcpy (copy, why, room);
        storage->status = status;
        storage->why = copy;
    }
    return TENON_OK;
}

/* ---- members that no tensor has ---- */

/* True if torch puts the member beside the object and its storages, for itself. */
static int
is_usual (const char *key, uint64_t length)
{
    static const char *const usual[] = {
        PICKLE_KEY, "version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id",
        PT_MEMBER
    };
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (length == strlen (usual[i]) && memcmp (key, usual[i], length) == 0)
            return 1;
    return length > 0 && key[length - 1] == '/'; /* a folder */
}

/* Tells which members were not read: the code of a TorchScript program, for example. */
static tenon_status
tell_others (struct pt_reader *reader, const struct archive *archive)
{
    struct tenon_call *call = reader->call;
    struct tenon_key key = TENON_INIT (key);
    uint64_t count = 0, middle = sizeof STORAGE_KEY - 1;
    char first[PT_SHOWN] = "";
    tenon_status status;
    while ((status = call->host->next_key (call, "", 0, &key)) == TENON_OK) {
        int own =
            key.length > archive->name_length && memcmp (key.key, archive->name, archive->name_length) == 0;
        const char *rest = key.key + (own ? archive->name_length : 0);
        uint64_t length = key.length - (own ? archive->name_length : 0);
        if (own && length > middle && memcmp (rest, STORAGE_KEY, middle) == 0
                ? pt_names_storage (&reader->machine, (const uint8_t *) rest + middle, length - middle)
                : is_usual (rest, length))
            continue;
        if (count++ == 0)
            pt_show ((const uint8_t *) rest, length, first);
    }
    if (count > 0)
        tenon_note (call, TENON_LOSS, NULL, "%llu member%s of the archive, '%s'%s, %s not read",
                    (unsigned long long) count, count == 1 ? "" : "s", first, count == 1 ? "" : " and others",
                    count == 1 ? "is" : "are");
    return status == TENON_E_NOT_FOUND ? (tenon_status) TENON_OK : status;
}

/* ---- all ---- */

static tenon_status
read_order (struct pt_reader *reader, const struct archive *archive)
{
    struct tenon_call *call = reader->call;
    uint32_t source;
    uint64_t size;
    char text[8] = "", shown[PT_SHOWN];
    tenon_status status = open_member (call, archive, "byteorder", "", 0, &source, &size);
    if (status == TENON_E_NOT_FOUND)
        return TENON_OK; /* older files: it is that of nearly all machines */
    TENON_TRY (status);
    uint64_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    TENON_TRY (call->host->read_at (call, source, 0, text, length));
    if (size == 3 && memcmp (text, "big", 3) == 0)
        reader->big_endian = TENON_BIG_ENDIAN;
    else if (size != 6 || memcmp (text, "little", 6) != 0)
        return tenon_fail_in (call, TENON_E_MALFORMED, source, 0,
                              "its member byteorder begins with '%s', expected little or big",
                              pt_show ((const uint8_t *) text, length, shown));
    return TENON_OK;
}

static tenon_status
read_metadata (struct pt_reader *reader, const struct archive *archive)
{
    struct tenon_call *call = reader->call;
    uint32_t source;
    uint64_t size;
    tenon_status status = open_member (call, archive, PT_MEMBER, "", 0, &source, &size);
    if (status == TENON_E_NOT_FOUND)
        return TENON_OK;
    TENON_TRY (status);
    const void *text = call->host->view (call, source, 0, size);
    return text ? pt_read_member (reader, text, size) : TENON_E_IO;
}

static tenon_status
read_pickle (struct pt_reader *reader, const struct archive *archive, uint32_t *root)
{
    struct tenon_call *call = reader->call;
    struct pt_machine *machine = &reader->machine;
    uint64_t size;
    TENON_TRY (open_member (call, archive, PICKLE_KEY, "", 0, &reader->pickle_source, &size));
    TENON_TRY (pt_begin (machine, call));
    if (!(machine->bytes = call->host->view (call, reader->pickle_source, 0, size)))
        return TENON_E_IO;
    machine->size = size;
    tenon_status status = pt_unpickle (machine, root);
    if (status < 0)
        return pt_report (reader, status);
    if (machine->at < size)
        tenon_note (call, TENON_LOSS, NULL, "%llu byte%s behind the pickle in data.pkl %s not read",
                    (unsigned long long) (size - machine->at), size - machine->at == 1 ? "" : "s",
                    size - machine->at == 1 ? "is" : "are");
    return TENON_OK;
}

tenon_status
pt_describe_archive (struct tenon_call *call)
{
    struct pt_reader *reader = call->host->scratch (call, sizeof *reader);
    struct archive *archive = call->host->scratch (call, sizeof *archive);
    uint32_t root;
    if (!reader || !archive)
        return TENON_E_MEMORY;
    reader->call = call;
    reader->open = open_storage;
    reader->own = archive;
    TENON_TRY (find_name (call, archive));
    TENON_TRY (read_order (reader, archive));
    TENON_TRY (read_pickle (reader, archive, &root));
    call->host->expect (call, reader->machine.storage_count, 0);
    TENON_TRY (read_metadata (reader, archive));
    TENON_TRY (pt_walk (reader, root));
    return tell_others (reader, archive);
}
