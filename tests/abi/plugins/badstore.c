/* SPDX-License-Identifier: MIT */
/* badstore.c - archives that misbehave while they are listed (describe) and while a member is located, and
 * keyed codecs that misbehave. Each does one forbidden thing, and is named after the function that does it.
 * "opens_all" opens all keys of an archive, each of which is a tensor of bytes. */
#include "bad.h"

static char long_key[1 << 16];

/* ---- listing ---- */

static tenon_status
list_key (struct tenon_call *call, const char *key, uint64_t length, uint64_t offset, uint32_t flags)
{
    struct tenon_part part = { .struct_size = sizeof part, .offset = offset, .stored = 8, .size = 8 };
    part.name = key;
    part.name_length = length;
    part.place = offset;
    part.flags = flags;
    return add_part (call, part);
}

static tenon_status
list_good (struct tenon_call *call)
{
    TENON_TRY (list_key (call, "a", 1, 16, 0));
    return list_key (call, "b/../c", 6, 32, 0);
}

static tenon_status
list_positive (struct tenon_call *call)
{
    TENON_TRY (list_good (call));
    return 7;
}

static tenon_status
list_fails (struct tenon_call *call)
{
    return tenon_fail (call, TENON_E_UNSUPPORTED, 3, "it does not want to");
}

static tenon_status
list_mute (struct tenon_call *call)
{
    (void) call;
    return TENON_E_UNSUPPORTED;
}

static tenon_status
list_lies (struct tenon_call *call)
{
    (void) list_key (call, "far", 3, 60, 0);
    return list_good (call), TENON_OK;
}

static tenon_status
list_nothing (struct tenon_call *call)
{
    (void) call;
    return TENON_OK;
}

static tenon_status
list_no_key (struct tenon_call *call)
{
    return list_key (call, NULL, 0, 16, 0);
}

static tenon_status
list_nul (struct tenon_call *call)
{
    return list_key (call, "a\0b", 3, 16, 0);
}

static tenon_status
list_no_text (struct tenon_call *call)
{
    return list_key (call, "caf\xe9", 4, 16, 0);
}

static tenon_status
list_far_key (struct tenon_call *call)
{
    return list_key (call, "a", 1ull << 40, 16, 0);
}

static tenon_status
list_long_key (struct tenon_call *call)
{
    memset (long_key, 'k', sizeof long_key);
    return list_key (call, long_key, sizeof long_key, 16, 0);
}

static tenon_status
list_twice (struct tenon_call *call)
{
    TENON_TRY (list_key (call, "a", 1, 16, 0));
    return list_key (call, "a", 1, 32, 0);
}

static tenon_status
list_overlap (struct tenon_call *call)
{
    TENON_TRY (list_key (call, "a", 1, 16, 0));
    return list_key (call, "b", 1, 20, 0);
}

static tenon_status
list_later (struct tenon_call *call)
{
    TENON_TRY (list_key (call, "a", 1, 16, TENON_PART_LATER));
    return list_key (call, "b", 1, 32, TENON_PART_LATER);
}

static tenon_status
list_flag (struct tenon_call *call)
{
    return list_key (call, "a", 1, 16, 0x00010000);
}

static tenon_status
list_skips_well (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    return call->host->skip_part (call, &part, TENON_OK, "nothing is wrong");
}

static tenon_status
list_size_zero (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.struct_size = 0;
    return add_part (call, part);
}

/* ---- locating ---- */

static tenon_status
locate_well (struct tenon_call *call, const struct tenon_part *part)
{
    return list_key (call, part->name, part->name_length, part->place, 0);
}

static tenon_status
locate_positive (struct tenon_call *call, const struct tenon_part *part)
{
    TENON_TRY (locate_well (call, part));
    return 7;
}

static tenon_status
locate_fails (struct tenon_call *call, const struct tenon_part *part)
{
    return tenon_fail (call, TENON_E_MALFORMED, part->place, "no header is here");
}

static tenon_status
locate_mute (struct tenon_call *call, const struct tenon_part *part)
{
    (void) call, (void) part;
    return TENON_E_UNSUPPORTED;
}

static tenon_status
locate_forgets (struct tenon_call *call, const struct tenon_part *part)
{
    (void) call, (void) part;
    return TENON_OK;
}

static tenon_status
locate_twice (struct tenon_call *call, const struct tenon_part *part)
{
    TENON_TRY (locate_well (call, part));
    return locate_well (call, part);
}

static tenon_status
locate_other (struct tenon_call *call, const struct tenon_part *part)
{
    return list_key (call, "b", 1, part->place, 0);
}

static tenon_status
locate_no_key (struct tenon_call *call, const struct tenon_part *part)
{
    return list_key (call, NULL, 0, part->place, 0);
}

static tenon_status
locate_later (struct tenon_call *call, const struct tenon_part *part)
{
    return list_key (call, part->name, part->name_length, part->place, TENON_PART_LATER);
}

static tenon_status
locate_outside (struct tenon_call *call, const struct tenon_part *part)
{
    return list_key (call, part->name, part->name_length, 60, 0);
}

static tenon_status
locate_overlap (struct tenon_call *call, const struct tenon_part *part)
{
    return list_key (call, part->name, part->name_length, 16, 0);
}

static tenon_status
locate_lies (struct tenon_call *call, const struct tenon_part *part)
{
    (void) locate_outside (call, part);
    return TENON_OK;
}

static tenon_status
locate_skips_well (struct tenon_call *call, const struct tenon_part *part)
{
    return call->host->skip_part (call, part, TENON_OK, "nothing is wrong");
}

/* ---- keyed codecs ---- */

static tenon_status
take_key (struct tenon_call *call, const struct tenon_key *key)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = key->key };
    struct tenon_source_info info = { .struct_size = sizeof info };
    TENON_TRY (call->host->open_key (call, key->key, key->length, &tensor.source));
    TENON_TRY (call->host->source_info (call, tensor.source, &info));
    tensor.name_length = key->length;
    tensor.shape = &info.size;
    tensor.rank = 1;
    tensor.length = TENON_AUTO;
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
opens_all (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = sizeof key };
    tenon_status status;
    while ((status = call->host->next_key (call, NULL, 9, &key)) == TENON_OK)
        TENON_TRY (take_key (call, &key));
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

static tenon_status
key_size_zero (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = 0 };
    return call->host->next_key (call, "", 0, &key);
}

static tenon_status
key_size_small (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = offsetof (struct tenon_key, next) };
    return call->host->next_key (call, "", 0, &key);
}

static tenon_status
key_next_far (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = sizeof key, .next = UINT64_MAX };
    return call->host->next_key (call, "", 0, &key);
}

static tenon_status
key_beyond (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = sizeof key };
    tenon_status status = TENON_OK;
    for (int i = 0; i < 9; i++)
        status = call->host->next_key (call, "b", 1, &key);
    return status;
}

static tenon_status
opens_null (struct tenon_call *call)
{
    uint32_t source;
    return call->host->open_key (call, NULL, 0, &source);
}

static tenon_status
opens_none (struct tenon_call *call)
{
    uint32_t source;
    return call->host->open_key (call, "none\n", 5, &source);
}

static tenon_status
opens_prefix (struct tenon_call *call)
{
    uint32_t source;
    return call->host->open_key (call, "b/../c", 5, &source);
}

/* The source of a key that is not there is none. */
static tenon_status
reads_none (struct tenon_call *call)
{
    uint32_t source = 77;
    uint8_t byte;
    (void) call->host->open_key (call, "none", 4, &source);
    return source == 0 ? call->host->read_at (call, 1, 0, &byte, 1)
                       : tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "the source is %u", source);
}

/* ---- the tables ---- */

#define LISTS(name)                                                                                          \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .describe = name,                           \
        .archive_functions = &locate_well_functions                                                          \
    }
#define LOCATES(name)                                                                                        \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .describe = list_later,                     \
        .archive_functions = &name##_functions                                                               \
    }
#define KEYED(name)                                                                                          \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .describe = name, .root_keys = never,       \
        .archive = "list_good"                                                                               \
    }
#define ARCHIVE(name)                                                                                        \
    static const struct tenon_archive name##_functions = { .struct_size = sizeof (struct tenon_archive),     \
                                                           .locate = name }
ARCHIVE (locate_well);
ARCHIVE (locate_positive);
ARCHIVE (locate_fails);
ARCHIVE (locate_mute);
ARCHIVE (locate_forgets);
ARCHIVE (locate_twice);
ARCHIVE (locate_other);
ARCHIVE (locate_no_key);
ARCHIVE (locate_later);
ARCHIVE (locate_outside);
ARCHIVE (locate_overlap);
ARCHIVE (locate_lies);
ARCHIVE (locate_skips_well);
static const struct tenon_archive none_functions = { .struct_size = sizeof none_functions };

static const char *const all[] = { "**", NULL }, *const never[] = { "never", NULL };
static const struct tenon_codec table[] = {
    LISTS (list_good),
    LISTS (list_positive),
    LISTS (list_fails),
    LISTS (list_mute),
    LISTS (list_lies),
    LISTS (list_nothing),
    LISTS (list_no_key),
    LISTS (list_nul),
    LISTS (list_no_text),
    LISTS (list_far_key),
    LISTS (list_long_key),
    LISTS (list_twice),
    LISTS (list_overlap),
    LISTS (list_flag),
    LISTS (list_skips_well),
    LISTS (list_size_zero),
    { .struct_size = sizeof table[0],
      .id = "locate_none",
      .describe = list_later,
      .archive_functions = &none_functions },
    LOCATES (locate_well),
    LOCATES (locate_positive),
    LOCATES (locate_fails),
    LOCATES (locate_mute),
    LOCATES (locate_forgets),
    LOCATES (locate_twice),
    LOCATES (locate_other),
    LOCATES (locate_no_key),
    LOCATES (locate_later),
    LOCATES (locate_outside),
    LOCATES (locate_overlap),
    LOCATES (locate_lies),
    LOCATES (locate_skips_well),
    { .struct_size = sizeof table[0], .id = "opens_all", .describe = opens_all, .root_keys = all },
    KEYED (key_size_zero),
    KEYED (key_size_small),
    KEYED (key_next_far),
    KEYED (key_beyond),
    KEYED (opens_null),
    KEYED (opens_none),
    KEYED (opens_prefix),
    KEYED (reads_none),
};

BAD_PLUGIN ("badstore", table)
