/* SPDX-License-Identifier: MIT */
/* badwrite.c - misbehaving write functions. The tests save one tensor, "x", and a metadata entry. */
#include "bad.h"

static const struct tenon_step squash = A_STEP ("squash", -1), deflate = A_STEP ("deflate", -1),
                               too_high = A_STEP ("deflate", 77);

static tenon_status
forgets (struct tenon_call *call)
{
    return call->host->put (call, "nothing", 7);
}

static tenon_status
puts_99 (struct tenon_call *call)
{
    return call->host->put_tensor (call, 99, NULL);
}

static tenon_status
asks_99 (struct tenon_call *call)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    return call->host->plan_tensor (call, 99, &tensor);
}

static tenon_status
asks_metadata_99 (struct tenon_call *call)
{
    struct tenon_value value;
    const char *key;
    uint64_t length;
    return call->host->plan_metadata (call, 99, &key, &length, &value);
}

static tenon_status
plan_size_zero (struct tenon_call *call)
{
    struct tenon_plan_info info = { .struct_size = 0 };
    return call->host->plan_info (call, &info);
}

static tenon_status
patches_beyond (struct tenon_call *call)
{
    TENON_TRY (call->host->put (call, "1234", 4));
    return call->host->patch (call, 2, "abc", 3);
}

static tenon_status
patches_far (struct tenon_call *call)
{
    TENON_TRY (call->host->put (call, "1234", 4));
    return call->host->patch (call, UINT64_MAX, "ab", 2);
}

static tenon_status
aligns_to_0 (struct tenon_call *call)
{
    return call->host->align (call, 0, 0);
}

static tenon_status
layout_flag (struct tenon_call *call)
{
    struct tenon_layout layout = { sizeof layout, 0x00040000 };
    return call->host->put_tensor (call, 0, &layout);
}

static tenon_status
layout_low_flag (struct tenon_call *call) /* fine */
{
    struct tenon_layout layout = { sizeof layout, 0x00004000 };
    return call->host->put_tensor (call, 0, &layout);
}

static tenon_status
layout_size_zero (struct tenon_call *call)
{
    struct tenon_layout layout = { 0, 0 };
    return call->host->put_tensor (call, 0, &layout);
}

static tenon_status
begin_file (struct tenon_call *call, const char *name)
{
    struct tenon_entry file = { .struct_size = sizeof file, .key = name, .key_length = strlen (name) };
    return call->host->put_key (call, &file);
}

static tenon_status
file_up (struct tenon_call *call)
{
    return begin_file (call, "../up");
}

static tenon_status
file_twice (struct tenon_call *call)
{
    TENON_TRY (begin_file (call, "part"));
    TENON_TRY (call->host->put (call, "1", 1));
    TENON_TRY (begin_file (call, "other"));
    return begin_file (call, "part");
}

static tenon_status
file_flag (struct tenon_call *call)
{
    struct tenon_entry file = { .struct_size = sizeof file, .flags = 0x10000, .key = "part" };
    file.key_length = 4;
    return call->host->put_key (call, &file);
}

/* Writes a file with the name of the target: the tests save as "target". */
static tenon_status
file_is_target (struct tenon_call *call)
{
    TENON_TRY (begin_file (call, "target"));
    TENON_TRY (call->host->put (call, "part", 4));
    TENON_TRY (call->host->put_key (call, NULL));
    return call->host->put_tensor (call, 0, NULL);
}

/* Fails after it has written much. */
static tenon_status
fails_late (struct tenon_call *call)
{
    TENON_TRY (call->host->put_tensor (call, 0, NULL));
    TENON_TRY (begin_file (call, "part"));
    TENON_TRY (call->host->put (call, "1", 1));
    return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "it comes to its mind late");
}

static tenon_status
silent_write (struct tenon_call *call)
{
    TENON_TRY (call->host->put_tensor (call, 0, NULL));
    return TENON_E_IO;
}

static tenon_status
positive_write (struct tenon_call *call)
{
    TENON_TRY (call->host->put_tensor (call, 0, NULL));
    return 7;
}

static tenon_status
describes (struct tenon_call *call)
{
    return add_tensor (call, good_tensor ("x"));
}

static tenon_status
reads_source (struct tenon_call *call)
{
    uint8_t byte;
    return call->host->read_at (call, 0, 0, &byte, 1);
}

static tenon_status
spins_writing (struct tenon_call *call)
{
    for (uint64_t i = 0; i < 20000000; i++)
        if (call->host->cancelled (call))
            return TENON_E_CANCELLED;
    return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "it was never asked to stop");
}

/* ---- members ---- */

static struct tenon_member
good_member (void)
{
    struct tenon_member member = { .struct_size = sizeof member, .count = 1, .codec = "plain" };
    return member;
}

static tenon_status
put_member (struct tenon_call *call, struct tenon_member member)
{
    struct tenon_member_result result = { .struct_size = sizeof result };
    return call->host->put_member (call, &member, &result);
}

static tenon_status
plain (struct tenon_call *call) /* fine */
{
    return call->host->put_tensor (call, 0, NULL);
}

static tenon_status
member_beyond (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.count = 2;
    return put_member (call, member);
}

static tenon_status
member_far (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.first = UINT64_MAX;
    return put_member (call, member);
}

static tenon_status
member_nobody (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.codec = "nobody";
    return put_member (call, member);
}

static tenon_status
member_no_codec (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.codec = NULL;
    return put_member (call, member);
}

static tenon_status
member_filter (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    GOES_THROUGH (member, squash);
    return put_member (call, member);
}

static tenon_status
member_level (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    GOES_THROUGH (member, too_high);
    return put_member (call, member);
}

static tenon_status
member_block (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    GOES_THROUGH (member, deflate);
    member.block_size = 1ull << 62;
    return put_member (call, member);
}

static tenon_status
member_check (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.check = 9;
    return put_member (call, member);
}

static tenon_status
member_flag (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.flags = 0x00080000;
    return put_member (call, member);
}

/* Two codecs write each other as a member. */
static tenon_status
member_ping (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.codec = "member_pong";
    return put_member (call, member);
}

static tenon_status
member_pong (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.codec = "member_ping";
    return put_member (call, member);
}

static tenon_status
member_itself (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.codec = "member_itself";
    return put_member (call, member);
}

static tenon_status
member_file (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    member.codec = "file_alone";
    return put_member (call, member);
}

static tenon_status
file_alone (struct tenon_call *call)
{
    TENON_TRY (begin_file (call, "alone"));
    return call->host->put_tensor (call, 0, NULL);
}

/* The codec of the member patches it; the checksum in front of the member must be that of the result. */
static tenon_status
member_patched (struct tenon_call *call)
{
    struct tenon_member member = good_member ();
    struct tenon_member_result result = { .struct_size = sizeof result };
    uint8_t sum[4];
    member.codec = "patcher";
    member.check = TENON_CHECK_CRC32;
    TENON_TRY (call->host->put_member (call, &member, &result));
    tenon_put_le32 (sum, (uint32_t) result.check_value);
    return call->host->put (call, sum, 4);
}

static tenon_status
patcher (struct tenon_call *call) /* fine */
{
    TENON_TRY (call->host->put (call, "????", 4));
    TENON_TRY (call->host->put_tensor (call, 0, NULL));
    return call->host->patch (call, 0, "DONE", 4);
}

/* ---- items ---- */

static tenon_status
strings_without_length (struct tenon_call *call)
{
    struct tenon_value value;
    const char *key;
    uint64_t length;
    TENON_TRY (call->host->plan_metadata (call, 0, &key, &length, &value));
    return call->host->put_items (call, &value, TENON_ENCODING_LITTLE);
}

static tenon_status
items_of_scalar (struct tenon_call *call)
{
    struct tenon_value value = { .type = TENON_U8, .source = TENON_NO_SOURCE };
    return call->host->put_items (call, &value, TENON_ENCODING_LITTLE);
}

static tenon_status
items_of_source_99 (struct tenon_call *call)
{
    struct tenon_value value = {
        .type = TENON_ARRAY, .item_type = TENON_U8, .count = 4, .source = 99, .length = 4
    };
    return call->host->put_items (call, &value, TENON_ENCODING_LITTLE);
}

static const struct tenon_codec table[] = {
    WRITES (forgets),
    WRITES (puts_99),
    WRITES (asks_99),
    WRITES (asks_metadata_99),
    WRITES (plan_size_zero),
    WRITES (patches_beyond),
    WRITES (patches_far),
    WRITES (aligns_to_0),
    WRITES (layout_flag),
    WRITES (layout_low_flag),
    WRITES (layout_size_zero),
    WRITES (file_up),
    WRITES (file_flag),
    WRITES (file_twice),
    WRITES (file_is_target),
    WRITES (fails_late),
    WRITES (silent_write),
    WRITES (positive_write),
    WRITES (describes),
    WRITES (reads_source),
    WRITES (spins_writing),
    WRITES (plain),
    WRITES (member_beyond),
    WRITES (member_far),
    WRITES (member_nobody),
    WRITES (member_no_codec),
    WRITES (member_filter),
    WRITES (member_level),
    WRITES (member_block),
    WRITES (member_check),
    WRITES (member_flag),
    WRITES (member_itself),
    WRITES (member_ping),
    WRITES (member_pong),
    WRITES (member_file),
    WRITES (file_alone),
    WRITES (member_patched),
    WRITES (patcher),
    WRITES (strings_without_length),
    WRITES (items_of_scalar),
    WRITES (items_of_source_99),
};

BAD_PLUGIN ("badwrite", table)
