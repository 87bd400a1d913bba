/* SPDX-License-Identifier: MIT */
/* test_store_write.c - keyed codecs that write archives: the codec crate does what a script says, the archive
 * is one of the codec pack. */
#include "kit.h"
#include <unistd.h>

/* Saves a plan of one tensor, 1, 2, 3, 4. */
static tenon_status
save_tensor (const char *tensor, const char *name, const char *script, uint32_t flags, tenon_report **report)
{
    char setting[2000];
    const char *const settings[] = { setting, NULL };
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_EXACT_NAME | flags;
    options.format = "crate";
    options.settings = settings;
    snprintf (setting, sizeof setting, "crate.do=%s", script);
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, tensor, "u8", 0, 1, KIT_SHAPE (4), "\1\2\3\4", 4);
    tenon_status status = tenon_save (plan, kit_path (name), &options, report, NULL, &kit_error);
    tenon_plan_free (plan);
    return status;
}

static tenon_status
save_script (const char *name, const char *script, uint32_t flags, tenon_report **report)
{
    return save_tensor ("x", name, script, flags, report);
}

static void
save_well (const char *name, const char *script, uint32_t flags)
{
    tenon_status status = save_script (name, script, flags, NULL);
    ck_assert_msg (status == TENON_OK, "%s: %s", script, kit_error.message);
}

static void
put_head (struct bytes *bytes, unsigned how, const char *key, uint64_t stored, uint64_t size, uint32_t crc)
{
    kit_text (bytes, "KEY:");
    kit_le (bytes, how, 1);
    kit_le (bytes, strlen (key), 1);
    kit_text (bytes, key);
    kit_le (bytes, stored, 8);
    kit_le (bytes, size, 8);
    kit_le (bytes, crc, 4);
}

/* ---- what an archive becomes ---- */

/* Byte for byte: entries, bytes and tensors in them, padding to an alignment. The sums are those of zlib's
 * crc32. */
START_TEST (test_bytes)
{
    static struct bytes bytes;
    kit_plugins ("pack crate", NULL);
    save_well (
        "x.crate",
        "key:crate,text:hello,tell:5,key:x,tell:0,tensor:0,tell:4,align:3,tell:6,end,key:a/b::64,text:A,"
        "key:none",
        0);
    kit_text (&bytes, "TOYPACK\n");
    put_head (&bytes, 0, "crate", 5, 5, 0x3610a686);
    kit_text (&bytes, "hello");
    put_head (&bytes, 0, "x", 6, 6, 0x701720ce);
    kit_put (&bytes, "\1\2\3\4--", 6);
    kit_text (&bytes, "PAD:");
    kit_le (&bytes, 64 - (bytes.size + 8 + 29) % 64, 8);
    kit_pad (&bytes, 128 - 29);
    put_head (&bytes, 0, "a/b", 1, 1, 0xd3d99e8b);
    kit_text (&bytes, "A");
    put_head (&bytes, 0, "none", 0, 0, 0);
    kit_text (&bytes, "END:");
    kit_same_file ("x.crate", &bytes);
    tenon_file *file = kit_open ("x.crate", NULL, NULL);
    kit_data (file, "x", "", "\1\2\3\4--", 6);
    kit_data (file, "a/b", "", "A", 1);
    kit_data (file, "none", "", "", 0);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
}
END_TEST

static tenon_status
save_script_as (const char *codec, const char *name, const char *script)
{
    char setting[300];
    tenon_plan *plan = kit_plan ();
    snprintf (setting, sizeof setting, "%s.do=%s", codec, script);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = kit_write (plan, name, codec, setting, NULL);
    tenon_plan_free (plan);
    return status;
}

/* The sums of "123456789" are published check values; that of no bytes is 0, of Adler-32 1. The others are
 * those of zlib, and of a CRC-32C bit by bit. The codec crate reads the files. */
START_TEST (test_checks)
{
    static const char *const codecs[] = { "ccrate", "acrate" };
    static const uint32_t sums[][3] = { { 0xe3069283, 0, 0x29308cf4 }, { 0x091e01de, 1, 0x0018000b } };
    static struct bytes bytes;
    static uint8_t changed[200000];
    unsigned how = _i ? 8 : 4;
    size_t size;
    kit_plugins ("pack crate toyraw", NULL);
    tenon_status status =
        save_script_as (codecs[_i], "x.pack", "key:crate,key:a,text:12345,text:6789,key:b,key:x,tensor:0");
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    bytes.size = 0;
    kit_text (&bytes, "TOYPACK\n");
    put_head (&bytes, how, "crate", 0, 0, sums[_i][1]);
    put_head (&bytes, how, "a", 9, 9, sums[_i][0]);
    kit_text (&bytes, "123456789");
    put_head (&bytes, how, "b", 0, 0, sums[_i][1]);
    put_head (&bytes, how, "x", 4, 4, sums[_i][2]);
    kit_put (&bytes, "\1\2\3\4", 4);
    kit_text (&bytes, "END:");
    kit_same_file ("x.pack", &bytes);
    for (unsigned asked = 0; asked < 2; asked++) { /* no kind, and that which the archive has */
        char script[300];
        unsigned kind = asked ? (unsigned) _i + 2 : 0;
        snprintf (script, sizeof script,
                  "key:crate,key:a:deflate::4096:%u,fill:9000,key:b:::4096:%u,fill:9000,"
                  "member:0:c.inner:toyraw:deflate:::%u",
                  kind, kind, kind);
        status = save_script_as (codecs[_i], "x.pack", script);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_file *file = kit_open ("x.pack", NULL, NULL);
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
        kit_data (file, "c.inner/x", "", "\1\2\3\4", 4);
        tenon_close (file);
        const uint8_t *saved = kit_load ("x.pack", &size);
        ck_assert_uint_le (size, sizeof changed);
        memcpy (changed, saved, size);
        changed[8 + 31 + 6 + 1 + 16] ^= 1; /* the sum of "a" */
        kit_save ("y.pack", changed, size);
        file = kit_open ("y.pack", NULL, NULL);
        kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_CHECKSUM, "the file says");
        tenon_close (file);
        kit_error = (tenon_error) TENON_ERROR_INIT;
    }
}
END_TEST

/* A zip has a place for CRC-32 alone. */
START_TEST (test_zip_checks)
{
    static const char *const words[] = { "", "",
                                         "the checksum CRC-32C, and those of the archive zip have CRC-32",
                                         "the checksum Adler-32, and those of the archive zip have CRC-32",
                                         "no checksum of kind 4" };
    kit_plugins ("crate toyraw", NULL);
    kit_copy_zip ();
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    for (unsigned kind = 1; kind <= 4; kind++)
        for (unsigned i = 0; i < 2; i++) {
            char script[100];
            snprintf (script, sizeof script, "key:zcrate,%s::::%u%s", i ? "member:0:x.inner:toyraw" : "key:x",
                      kind, i ? "" : ",tensor:0");
            tenon_status status = save_script_as ("zcrate", "x.zcrate", script);
            if (kind == 1) {
                ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
                ck_assert_int_eq (unlink (kit_path ("x.zcrate")), 0);
                continue;
            }
            kit_failed (status, TENON_E_UNSUPPORTED, words[kind]);
            ck_assert (!kit_exists ("x.zcrate"));
        }
}
END_TEST

/* Entries with a filter: the same bytes on one thread and on three, in blocks or not. */
START_TEST (test_steps)
{
    static struct bytes first;
    static const char *const settings[] = { "core.threads=1", "core.threads=3" };
    for (int i = 0; i < 2; i++) {
        size_t size;
        if (i == 0)
            kit_plugins ("pack crate", settings[i]);
        ck_assert_int_eq (kit_context (settings[i]), TENON_OK);
        save_well ("x.crate",
                   "key:crate:deflate,fill:9000,key:x:deflate::4096,tensor:0,fill:5000,key:e:deflate,key:s,"
                   "fill:5000",
                   0);
        const uint8_t *saved = kit_load ("x.crate", &size);
        ck_assert_uint_lt (size, sizeof first.data);
        if (i == 0)
            kit_put (&first, saved, size);
        else
            kit_same_file ("x.crate", &first);
        tenon_file *file = kit_open ("x.crate", NULL, NULL);
        tenon_tensor_info info = kit_tensor (file, "x");
        ck_assert_str_eq (info.filter, "deflate");
        ck_assert_uint_lt (info.stored, info.nbytes);
        ck_assert_uint_eq (kit_tensor (file, "e").nbytes, 0);
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
        tenon_close (file);
    }
}
END_TEST

/* Members of other codecs, with keys, encoded or not, aligned, announced. */
START_TEST (test_members)
{
    static struct bytes first;
    static const uint8_t data[5][300] = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } };
    static const char *const settings[] = { "core.threads=1", "core.threads=3" };
    const char *script =
        "crate.do=key:crate,member:0:a.inner:toyraw:deflate:2,member:1:b.inner:toyraw:deflate,"
        "member:2:c.inner:toyraw:deflate,key:k,text:K,member:3:d.inner:toyraw:-::256,"
        "member:4:e.inner:toyraw";
    for (int i = 0; i < 2; i++) {
        size_t size;
        char name[2] = "a";
        if (i == 0)
            kit_plugins ("pack crate toyraw", settings[i]);
        ck_assert_int_eq (kit_context (settings[i]), TENON_OK);
        tenon_plan *plan = NULL;
        ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
        for (; name[0] < 'f'; name[0]++)
            kit_add (plan, name, "u8", 0, 1, KIT_SHAPE (300), data[name[0] - 'a'], 300);
        tenon_status status = kit_write (plan, "x.crate", "crate", script, NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_plan_free (plan);
        const uint8_t *saved = kit_load ("x.crate", &size);
        if (i == 0)
            kit_put (&first, saved, size);
        else
            kit_same_file ("x.crate", &first);
        tenon_file *file = kit_open ("x.crate", NULL, NULL);
        ck_assert_uint_eq (tenon_count (file), 6);
        kit_data (file, "a.inner/a", "", data[0], 300);
        kit_data (file, "c.inner/c", "", data[2], 300);
        kit_data (file, "d.inner/d", "", data[3], 300);
        kit_data (file, "e.inner/e", "", data[4], 300);
        kit_data (file, "k", "", "K", 1);
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
        tenon_close (file);
    }
}
END_TEST

/* Archives as members, which are written and read like others: with one thread or several, encoded,
 * announced, in a dry run. The outer archive makes the checksum of the inner one, and the inner one has none.
 */
START_TEST (test_nested)
{
    static struct bytes first;
    static const uint8_t data[5][300] = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } };
    static const char *const settings[] = { "core.threads=1", "core.threads=3" };
    const char *script =
        "crate.do=key:crate,member:0:a.inner:pailer:deflate:2,member:1:b.inner:pailer:deflate,"
        "member:2:c.inner:pailer:deflate,member:3:d.inner:pailer:-::256,key:e,tensor:4";
    for (int i = 0; i < 2; i++) {
        size_t size;
        char name[2] = "a";
        if (i == 0)
            kit_plugins ("pack crate caller", settings[i]);
        ck_assert_int_eq (kit_context (settings[i]), TENON_OK);
        tenon_plan *plan = NULL;
        ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
        for (; name[0] < 'f'; name[0]++)
            kit_add (plan, name, "u8", 0, 1, KIT_SHAPE (300), data[name[0] - 'a'], 300);
        tenon_status status = kit_write (plan, "x.crate", "crate", script, NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_plan_free (plan);
        const uint8_t *saved = kit_load ("x.crate", &size);
        if (i == 0)
            kit_put (&first, saved, size);
        else
            kit_same_file ("x.crate", &first);
        tenon_file *file = kit_open ("x.crate", NULL, NULL);
        ck_assert_uint_eq (tenon_count (file), 5);
        kit_data (file, "a.inner/x", "", data[0], 300);
        kit_data (file, "b.inner/x", "", data[1], 300);
        kit_data (file, "c.inner/x", "", data[2], 300);
        kit_data (file, "d.inner/x", "", data[3], 300);
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
        tenon_close (file);
    }
    save_well ("y.crate", "key:crate,member:0:x.inner:pailer:deflate", TENON_SAVE_DRY_RUN);
}
END_TEST

static tenon_status
save_as (const char *format, const char *name)
{
    tenon_plan *plan = kit_plan ();
    tenon_status status = kit_write (plan, name, format, NULL, NULL);
    tenon_plan_free (plan);
    return status;
}

/* An archive that goes back to fill in sizes can be a member that nothing encodes or sums, and no other. */
START_TEST (test_nested_patches)
{
    static struct bytes bytes;
    kit_plugins ("pack crate caller", NULL);
    ck_assert_msg (save_as ("packer", "x") == TENON_OK, "%s", kit_error.message);
    kit_text (&bytes, "TOYPACK\n");
    put_head (&bytes, 0, "box", 0, 0, 0);
    put_head (&bytes, 0, "x", 4, 4, 0xb63cfbcd); /* zlib.crc32 (b"\1\2\3\4") */
    kit_text (&bytes, "\1\2\3\4END:PAIL");
    kit_same_file ("x", &bytes);
    kit_failed (save_script ("y", "key:crate,member:0:x.inner:box", 0, NULL), TENON_E_UNSUPPORTED,
                "the format pack goes back to fill in its header, which a pipe or a filter does not allow");
    kit_failed (save_as ("nester", "y"), TENON_E_LIMIT, "members lie in each other");
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* An archive takes any key, as it is. */
START_TEST (test_keys)
{
    kit_plugins ("pack crate", NULL);
    save_well ("x.crate",
               "key:crate,key:../up,text:A,key:/root,text:B,key:a//b,text:C,key:.,text:D,key:x,tensor:0", 0);
    tenon_file *file = kit_open ("x.crate", NULL, NULL);
    kit_data (file, "../up", "", "A", 1);
    kit_data (file, "/root", "", "B", 1);
    kit_data (file, "a//b", "", "C", 1);
    kit_data (file, ".", "", "D", 1);
    tenon_close (file);
    kit_failed (save_script ("y.crate", "bad:64k", 0, NULL), TENON_E_UNSUPPORTED,
                "a key has 255 bytes at most");
}
END_TEST

/* The codec of a member writes no store of the outer codec, and an archive that puts no end has none: the
 * host writes what it gets, and reading it tells. */
START_TEST (test_unfinished)
{
    kit_plugins ("pack crate caller", NULL);
    tenon_plan *plan = kit_plan ();
    kit_failed (kit_write (plan, "y", "crate",
                           "crate.do=key:crate,member:0:x:caller caller.from=write caller.call=put_key",
                           NULL),
                TENON_E_UNSUPPORTED, "the format caller writes more than one file");
    tenon_plan_free (plan);
    save_well ("x.crate", "key:crate,key:x,tensor:0,key:finish.nothing", 0);
    kit_open_fails ("x.crate", NULL, NULL, TENON_E_TRUNCATED, "");
}
END_TEST

/* A dry run finds what a real one does, and writes nothing. */
START_TEST (test_dry)
{
    tenon_report *report = NULL;
    kit_plugins ("pack crate", NULL);
    save_well ("x.crate", "key:crate:deflate,text:hello,key:x,tensor:0", TENON_SAVE_DRY_RUN);
    ck_assert (!kit_exists ("x.crate"));
    kit_failed (save_script ("x.crate", "key:crate,key:x,tensor:0,key:x", TENON_SAVE_DRY_RUN, &report),
                TENON_E_EXISTS, "the key 'x' is put twice");
    tenon_report_free (report);
    ck_assert (!kit_exists ("x.crate"));
}
END_TEST

/* With TENON_DEBUG=abi archives are written, added to and read as without it. */
START_TEST (test_rules)
{
    ck_assert_int_eq (setenv ("TENON_DEBUG", "abi", 1), 0);
    kit_plugins ("pack crate toyraw", NULL);
    save_well ("x.crate", "key:crate:deflate,text:hello,member:0:x.inner:toyraw", 0);
    save_well ("y.crate", "key:crate,key:x,tensor:0", 0);
    save_well ("y.crate", "open:x,drop:x,key:x,tensor:0", TENON_SAVE_APPEND);
    tenon_file *file = kit_open ("x.crate", NULL, NULL);
    kit_data (file, "x.inner/x", "", "\1\2\3\4", 4);
    tenon_close (file);
    file = kit_open ("y.crate", NULL, NULL);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    tenon_close (file);
    unsetenv ("TENON_DEBUG"); /* tests that are not forked come after this one */
}
END_TEST

/* An archive that goes back to fill in sizes is none for a pipe. */
START_TEST (test_pipe)
{
    int ends[2];
    kit_plugins ("pack crate", NULL);
    tenon_plan *plan = kit_plan ();
    tenon_save_options options;
    KIT_INIT (options);
    options.format = "crate";
    options.settings = (const char *const[]){ "crate.do=key:crate,key:x,tensor:0", NULL };
    ck_assert_int_eq (pipe (ends), 0);
    kit_failed (tenon_save_fd (plan, ends[1], &options, NULL, NULL, &kit_error), TENON_E_UNSUPPORTED,
                "the format pack goes back to fill in its header");
    close (ends[0]);
    close (ends[1]);
    tenon_plan_free (plan);
}
END_TEST

/* ---- adding ---- */

START_TEST (test_append)
{
    static struct bytes old;
    size_t size;
    kit_plugins ("pack crate", NULL);
    save_well ("x.crate", "key:crate,key:a,text:A,key:x,tensor:0,key:b,text:B", 0);
    const uint8_t *saved = kit_load ("x.crate", &size);
    kit_put (&old, saved, size);
    /* the old bytes stay */
    tenon_status status = save_tensor ("d", "x.crate", "open:a,drop:none,key:_c,text:C,key:d,tensor:0",
                                       TENON_SAVE_APPEND, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    saved = kit_load ("x.crate", &size);
    ck_assert_uint_gt (size, old.size);
    ck_assert_int_eq (memcmp (saved, old.data, old.size - 4), 0);
    tenon_file *file = kit_open ("x.crate", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 4);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    kit_data (file, "d", "", "\1\2\3\4", 4);
    tenon_close (file);
    /* what was dropped can be put again */
    save_well ("x.crate", "drop:x,drop:_c,key:x,tensor:0,key:_c,text:new", TENON_SAVE_APPEND);
    file = kit_open ("x.crate", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 4);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    kit_data (file, "b", "", "B", 1);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
}
END_TEST

/* A failure leaves the old file as it was. */
static const struct {
    const char *script;
    tenon_status status;
    const char *words;
} bad_appends[] = {
    { "key:x,tensor:0", TENON_E_EXISTS, "the archive has the key 'x'" },
    { "key:y,tensor:0,drop:x", TENON_E_MISUSE, "the codec crate: it drops a key after it put one" },
    { "key:y,tensor:0,end,drop:x", TENON_E_MISUSE, "the codec crate: it drops a key after it put one" },
    { "old:4", TENON_E_MISUSE, "the codec crate: it puts an old file, which its archive does" },
    { "key:y,old:4", TENON_E_MISUSE, "the codec crate: it puts an old file, which its archive does" },
    { "drop:drop.fail,key:y,tensor:0", TENON_E_UNSUPPORTED, "drop does not want 'drop.fail'" },
    { "drop:drop.odd,key:y,tensor:0", TENON_E_MISUSE, "the codec pack returned 7" },
    { "?drop:drop.mute,key:y,tensor:0", TENON_E_IO, "the codec pack failed without saying why" },
    { "open:nothing,key:y,tensor:0", TENON_E_NOT_FOUND, "the key 'nothing' is not there" },
    { "key:y,tensor:0,key:finish.fail", TENON_E_UNSUPPORTED, "finish does not want 'finish.fail'" },
};

START_TEST (test_bad_append)
{
    static struct bytes old;
    size_t size;
    kit_plugins ("pack crate", NULL);
    save_well ("x.crate", "key:crate,key:x,tensor:0", 0);
    const uint8_t *saved = kit_load ("x.crate", &size);
    old.size = 0;
    kit_put (&old, saved, size);
    tenon_status status = save_tensor ("y", "x.crate", bad_appends[_i].script, TENON_SAVE_APPEND, NULL);
    kit_failed (status, bad_appends[_i].status, bad_appends[_i].words);
    kit_same_file ("x.crate", &old);
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* ---- misuse ---- */

static const struct {
    const char *script;
    tenon_status status;
    const char *words;
} bad_scripts[] = {
    /* bytes outside of a key */
    { "text:A,key:crate,key:x,tensor:0", TENON_E_MISUSE, "a keyed codec puts bytes outside of an entry" },
    { "tensor:0,key:crate", TENON_E_MISUSE, "a keyed codec puts bytes outside of an entry" },
    { "key:crate,key:x,tensor:0,end,text:A", TENON_E_MISUSE, "puts bytes outside of an entry" },
    { "?text:A,key:crate,key:x,tensor:0", TENON_E_MISUSE, "puts bytes outside of an entry" },
    { "key:crate,key:x,tensor:0,end,patch:0:A", TENON_E_UNSUPPORTED, "goes back to fill in its header" },
    { "key:crate,key:x,tensor:0,old:1", TENON_E_MISUSE, "it puts an old file where there is none" },
    { "key:crate,key:x,tensor:0,patch:0:A", TENON_E_UNSUPPORTED, "goes back to fill in its header" },
    /* keys */
    { "key:crate,key:x,tensor:0,key:crate", TENON_E_EXISTS, "the key 'crate' is put twice" },
    { "key:x,tensor:0,key:x", TENON_E_EXISTS, "the key 'x' is put twice" },
    { "key:x,end,member:0:x:toyraw", TENON_E_EXISTS, "the key 'x' is put twice" },
    { "member:0:x:toyraw,?key:x", TENON_E_EXISTS, "the key 'x' is put twice" },
    { "bad:size", TENON_E_MISUSE, "a struct tenon_entry has a wrong struct_size" },
    { "bad:check", TENON_E_UNSUPPORTED, "this version knows no checksum of kind 77" },
    { "bad:flags", TENON_E_MISUSE, "an entry has flags that this version does not know" },
    { "bad:nokey", TENON_E_MISUSE, "the key of an entry is empty, or not valid UTF-8 without NUL" },
    { "bad:empty", TENON_E_MISUSE, "the key of an entry is empty, or not valid UTF-8 without NUL" },
    { "bad:utf8", TENON_E_MISUSE, "the key of an entry is empty, or not valid UTF-8 without NUL" },
    { "bad:nul", TENON_E_MISUSE, "the key of an entry is empty, or not valid UTF-8 without NUL" },
    { "bad:long", TENON_E_MISUSE, "the key of an entry is empty, or not valid UTF-8 without NUL" },
    { "key:crate::3", TENON_E_MISUSE, "the alignment of an entry is no power of two, or more than 1 GiB" },
    { "key:crate::0x40000001", TENON_E_MISUSE, "is no power of two, or more than 1 GiB" },
    { "key:crate::0x80000000", TENON_E_MISUSE, "is no power of two, or more than 1 GiB" },
    { "key:crate::0x8000000000000000", TENON_E_MISUSE, "is no power of two, or more than 1 GiB" },
    { "member:0:x:toyraw:-::48", TENON_E_MISUSE, "is no power of two, or more than 1 GiB" },
    /* steps */
    { "bad:steps", TENON_E_MISUSE, "a struct tenon_step has a wrong struct_size, or no filter" },
    { "bad:stepsize", TENON_E_MISUSE, "a struct tenon_step has a wrong struct_size, or no filter" },
    { "bad:stepstruct", TENON_E_MISUSE, "a struct tenon_step has a wrong struct_size, or no filter" },
    { "bad:stepnone", TENON_E_MISUSE, "a struct tenon_step has a wrong struct_size, or no filter" },
    { "bad:steptwo", TENON_E_UNSUPPORTED, "no members that the filter deflate encodes with others" },
    { "bad:stepsetup", TENON_E_UNSUPPORTED, "no members that the filter deflate encodes with parameters" },
    { "key:x:toyrot", TENON_E_UNSUPPORTED, "codec pack has no members that the filter toyrot encodes" },
    { "member:0:x:toyraw:toyrot", TENON_E_UNSUPPORTED, "there is no filter 'toyrot'" },
    /* members */
    { "key:crate,member:0::toyraw", TENON_E_MISUSE, "a member of a store has no key" },
    { "key:crate,member:0:x:toyraw:deflate:5", TENON_E_MISUSE, "announces others" },
    { "key:crate,member:7:x:toyraw", TENON_E_MISUSE, "a member has tensors that the plan does not have" },
    { "member:0:x:box", TENON_E_UNSUPPORTED, "a pipe or a filter does not allow" },
    { "member:0:x:crate", TENON_E_LIMIT, "members lie in each other" },
    /* the whole */
    { "key:crate", TENON_E_MISUSE, "it did not write this tensor" },
    { "drop:x,key:x,tensor:0", TENON_E_MISUSE, "it drops a key where there is no old file" },
    { "open:x,key:x,tensor:0", TENON_E_MISUSE, "" },
    { "key:x,tensor:0,say:3", TENON_E_MISUSE, "the codec crate returned 3" },
    { "key:x,tensor:0,say:-4", -4, "the codec crate failed without saying why" },
    /* the archive */
    { "key:begin_entry.fail", TENON_E_UNSUPPORTED, "begin_entry does not want 'begin_entry.fail'" },
    { "?key:begin_entry.fail,key:x,tensor:0", TENON_E_UNSUPPORTED, "begin_entry does not want" },
    { "key:begin_entry.mute", TENON_E_IO, "the codec pack failed without saying why" },
    { "key:begin_entry.odd", TENON_E_MISUSE, "the codec pack returned 7" },
    { "key:begin_entry.lie", TENON_E_MISUSE, "the codec pack: it patches bytes that were not put yet" },
    { "key:begin_entry.wrong0", TENON_E_MISUSE,
      "the codec pack: it called put_key from begin_entry; it is the codec of an archive, which puts bytes "
      "only" },
    { "key:begin_entry.wrong1", TENON_E_MISUSE,
      "the codec pack: it called put_tensor from begin_entry; it is the codec of an archive, which puts "
      "bytes only" },
    { "key:begin_entry.wrong2", TENON_E_MISUSE,
      "the codec pack: it called put_member from begin_entry; it is the codec of an archive, which puts "
      "bytes only" },
    { "key:begin_entry.wrong3", TENON_E_MISUSE,
      "the codec pack: it called put_key from begin_entry; it is the codec of an archive, which puts bytes "
      "only" },
    { "key:begin_entry.wrong4", TENON_E_MISUSE, "the codec pack: it puts an old file where there is none" },
    { "key:begin_entry.wrong5", TENON_E_MISUSE,
      "the codec pack: it called drop_key from begin_entry; it is the codec of an archive, which puts bytes "
      "only" },
    { "key:end_entry.fail,key:x,tensor:0", TENON_E_UNSUPPORTED, "end_entry does not want" },
    { "key:x,tensor:0,key:end_entry.fail", TENON_E_UNSUPPORTED, "end_entry does not want" },
    { "key:end_entry.mute,end", TENON_E_IO, "the codec pack failed without saying why" },
    { "key:end_entry.odd,?end", TENON_E_MISUSE, "the codec pack returned 7" },
    { "key:end_entry.lie,?end,key:x,tensor:0", TENON_E_MISUSE, "it patches bytes that were not put yet" },
    { "member:0:end_entry.odd:toyraw", TENON_E_MISUSE, "the codec pack returned 7" },
    { "member:0:end_entry.fail:toyraw", TENON_E_UNSUPPORTED, "end_entry does not want" },
    { "member:0:begin_entry.fail:toyraw", TENON_E_UNSUPPORTED, "begin_entry does not want" },
    { "key:x,tensor:0,key:finish.fail", TENON_E_UNSUPPORTED, "finish does not want 'finish.fail'" },
    { "key:x,tensor:0,key:finish.odd", TENON_E_MISUSE, "the codec pack returned 7" },
};
#define COUNT(list) ((int) (sizeof (list) / sizeof (list)[0]))

/* Nothing stays of a save that fails, whether it is a dry run or not. */
START_TEST (test_misuse)
{
    kit_plugins ("pack crate toyraw", NULL);
    for (uint32_t dry = 0; dry < 2; dry++) {
        tenon_status status =
            save_script ("y.crate", bad_scripts[_i].script, dry ? TENON_SAVE_DRY_RUN : 0, NULL);
        ck_assert_msg (status < 0, "%s", bad_scripts[_i].script);
        kit_failed (status, bad_scripts[_i].status, bad_scripts[_i].words);
        ck_assert_uint_eq (kit_count_files (), 0);
    }
}
END_TEST

START_TEST (test_bad_begin)
{
    static const struct {
        const char *name;
        tenon_status status;
        const char *words;
    } cases[] = {
        { "begin.fail.crate", TENON_E_UNSUPPORTED, "begin does not want 'begin.fail'" },
        { "begin.mute.crate", TENON_E_IO, "the codec pack failed without saying why" },
        { "begin.odd.crate", TENON_E_MISUSE, "the codec pack returned 7" },
        { "begin.lie.crate", TENON_E_MISUSE, "it patches bytes that were not put yet" },
    };
    kit_plugins ("pack crate", NULL);
    kit_failed (save_script (cases[_i].name, "key:crate,key:x,tensor:0", 0, NULL), cases[_i].status,
                cases[_i].words);
    ck_assert_uint_eq (kit_count_files (), 0);
}
END_TEST

/* An archive without checksums gets none. What asks for one is told. */
START_TEST (test_check)
{
    static struct bytes bytes;
    kit_plugins ("caller", NULL);
    ck_assert_msg (save_as ("pailer", "x") == TENON_OK, "%s", kit_error.message);
    kit_text (&bytes, "\1\2\3\4PAIL");
    kit_same_file ("x", &bytes);
    kit_failed (save_as ("summer", "y"), TENON_E_UNSUPPORTED,
                "an entry asks for the checksum CRC-32, and those of the archive pail have none");
    kit_failed (save_as ("memberer", "y"), TENON_E_UNSUPPORTED,
                "an entry asks for the checksum CRC-32, and those of the archive pail have none");
    kit_failed (save_as ("shed", "y"), TENON_E_UNSUPPORTED,
                "an entry asks for the checksum CRC-32, and those of a folder have none");
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

START_TEST (test_no_archive)
{
    kit_plugins ("crate", NULL);
    ck_assert_int_lt (save_script ("x.crate", "key:crate,key:x,tensor:0", 0, NULL), 0);
    kit_said (kit_error.message, "pack");
    ck_assert_uint_eq (kit_count_files (), 0);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *writing = kit_case (suite, "writing");
    tcase_add_test (writing, test_bytes);
    tcase_add_loop_test (writing, test_checks, 0, 2);
    tcase_add_test (writing, test_zip_checks);
    tcase_add_test (writing, test_steps);
    tcase_add_test (writing, test_members);
    tcase_add_test (writing, test_nested);
    tcase_add_test (writing, test_nested_patches);
    tcase_add_test (writing, test_keys);
    tcase_add_test (writing, test_unfinished);
    tcase_add_test (writing, test_dry);
    tcase_add_test (writing, test_pipe);
    tcase_add_test (writing, test_rules);
    TCase *adding = kit_case (suite, "adding");
    tcase_add_test (adding, test_append);
    tcase_add_loop_test (adding, test_bad_append, 0, COUNT (bad_appends));
    TCase *misuse = kit_case (suite, "misuse");
    tcase_add_loop_test (misuse, test_misuse, 0, COUNT (bad_scripts));
    tcase_add_loop_test (misuse, test_bad_begin, 0, 4);
    tcase_add_test (misuse, test_no_archive);
    tcase_add_test (misuse, test_check);
}

int
main (void)
{
    return kit_main ("store_write", fill_suite);
}
