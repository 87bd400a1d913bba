/* SPDX-License-Identifier: MIT */
/* member.c - a member: another codec describes it, or a message says why none can. */
#include "npz.h"

/* "NAME/", in reader->prefix. */
static tenon_status
make_prefix (struct npz_reader *reader, const struct tenon_key *key)
{
    TENON_TRY (tenon_grow (reader->call, &reader->prefix, &reader->prefix_room, key->length + 2, 1));
    memcpy (reader->prefix, key->key, key->length);
    memcpy (reader->prefix + key->length, "/", 2);
    return TENON_OK;
}

/* A member that is no array: its bytes are a tensor if the user wants them, else a save would lose it. */
static tenon_status
take_other (struct npz_reader *reader, const struct tenon_key *key, uint32_t source)
{
    struct tenon_call *call = reader->call;
    if (reader->others != NPZ_OTHERS_BYTES) {
        tenon_note (
            call, TENON_LOSS, key->key,
            "no codec recognises this member of %llu byte%s: it is no tensor, unless npz.others=bytes",
            (unsigned long long) key->size, key->size == 1 ? "" : "s");
        return TENON_OK;
    }
    struct tenon_tensor tensor = TENON_INIT (tensor);
    tensor.dtype = TENON_U8;
    tensor.name = key->key;
    tensor.name_length = key->length;
    tensor.shape = &key->size;
    tensor.rank = 1;
    tensor.source = source;
    tensor.length = key->size;
    tensor.place = key->place;
    reader->recognised++;
    return call->host->add_tensor (call, &tensor);
}

tenon_status
npz_include_member (struct npz_reader *reader, const struct tenon_key *key, uint32_t source)
{
    struct tenon_call *call = reader->call;
    struct tenon_include how = { .struct_size = sizeof how,
                                 .flags =
                                     TENON_INCLUDE_PREFIX | TENON_INCLUDE_UNREADABLE | TENON_INCLUDE_OTHERS };
    TENON_TRY (make_prefix (reader, key));
    how.metadata_prefix = reader->prefix;
    tenon_status status = call->host->include (call, source, &how);
    if (status == TENON_E_UNRECOGNISED)
        return take_other (reader, key, source);
    reader->recognised++;
    return status;
}

/* The bytes of the name without the extension of an array; 0: it has none. */
static uint64_t
array_name (const struct tenon_key *key)
{
    static const char extension[] = ".npy";
    const uint64_t end = sizeof extension - 1;
    return key->length > end && memcmp (key->key + key->length - end, extension, end) == 0 ? key->length - end
                                                                                           : 0;
}

tenon_status
npz_skip_member (struct npz_reader *reader, const struct tenon_key *key, uint32_t source, tenon_status status,
                 const char *why)
{
    struct tenon_call *call = reader->call;
    struct tenon_source_info info = TENON_INIT (info);
    struct tenon_tensor tensor = TENON_INIT (tensor);
    tensor.name = key->key;
    tensor.name_length = array_name (key);
    if (!tensor.name_length) {
        tenon_note (call, TENON_LOSS, key->key, "this member of %llu bytes cannot be read: %s",
                    (unsigned long long) key->size, why);
        return TENON_OK;
    }
    if (source)
        TENON_TRY (call->host->source_info (call, source, &info));
    reader->recognised++;
    tensor.flags = TENON_NO_SHAPE;
    tensor.source = source;
    tensor.length = info.size;
    tensor.place = key->place;
    return call->host->skip_tensor (call, &tensor, status, NULL, why);
}
