/* SPDX-License-Identifier: MIT */
/* test_signatures.c - what the first bytes of a file are: the built-in table, and sections of the
 * configuration. */
#include "context/config.h"
#include "context/signatures.h"
#include "folder.h"

static struct tn_signature found;

/* The name of the signature that fits; "": none does. */
static const char *
name_of (tenon_context *context, const void *bytes, size_t length)
{
    return tn_signature_find (context, bytes, length, &found) ? found.name : "";
}
#define NAME_OF(context, text) name_of (context, text, sizeof (text) - 1)

/* Every entry of the file is right, every section has what it needs, and so the installed file is no fault.
 */
START_TEST (built_in_is_right)
{
    tenon_context *context;
    unsigned sections = 0;
    ck_assert_int_eq (parse_text ((const char *) tn_signatures_text, tn_signatures_size), TENON_OK);
    for (uint64_t i = 0; i < settings.count; i++) {
        const struct tn_entry *entry = &settings.entries[i];
        sections += !entry->key;
        fresh_error ();
        ck_assert_msg (tn_signature_check_entry (entry, &error) == TENON_OK, "%s", error.message);
        if (entry->key && strcmp (entry->key, "advice") == 0)
            ck_assert_uint_lt (strlen (entry->value), sizeof error.advice);
    }
    ck_assert_uint_gt (sections, 30);
    TN_FREE char *text = tn_strndup ((const char *) tn_signatures_text, tn_signatures_size);
    write_file ("tenon/signatures.ini", text);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tn_signature_settings (context->signatures)->count, 0); /* it is not parsed again */
    tenon_context_free (context);
    text[0] = ';';
    write_file ("tenon/signatures.ini", text);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    for (uint64_t i = 0; i < tenon_report_count (context->report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        tenon_report_get (context->report, i, &entry);
        ck_assert_msg (entry.kind != TENON_NOTE, "%s", entry.message);
    }
    ck_assert_uint_eq (tn_signature_settings (context->signatures)->count, settings.count);
    tenon_context_free (context);
}
END_TEST

START_TEST (built_in)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *name;
    } files[] = {
#define CASE(bytes, name) { bytes, sizeof (bytes) - 1, name }
        CASE ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a Git LFS pointer"),
        CASE ("<!DOCTYPE html><html>", "an HTML page"),
        CASE ("\xef\xbb\xbf\r\n\t <HTML lang=en>", "an HTML page"),
        CASE ("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
              "a server's error message in XML"),
        CASE ("<?xml version='1.0'?><a/>", "XML text"),
        CASE (" {\"error\":\"Repository not found\"}", "a server's error message in JSON"),
        CASE ("[1,2]", "JSON text"),
        CASE ("\x1f\x8b\x08\0", "a gzip file"),
        CASE ("\x28\xb5\x2f\xfd\0", "a zstd file"),
        CASE ("\xfd"
              "7zXZ\0",
              "an xz file"),
        CASE ("BZh91AY&SYxx", "a bzip2 file"),
        CASE ("BZh91AY", ""),
        CASE ("\x04\x22\x4d\x18@", "an lz4 file"),
        CASE ("PK\x03\x04 archive/data.pkl", "a PyTorch checkpoint (a zip with a pickle)"),
        CASE ("PK\x03\x04 a/data.pkl a/code/x.py", "a TorchScript model (a zip with pickles)"),
        CASE ("PK\x03\x04 x.txt", "a zip archive"),
        CASE ("PK\x05\x06\0\0", "a zip archive"),
        CASE ("\x80\x02}q", "a Python pickle"),
        CASE ("\x80\x04\x95\x10", "a Python pickle"),
        CASE ("\x80\x02\x8a\x0al\xfc\x9c"
              "F\xf9 j\xa8P\x19.\x80",
              "a PyTorch checkpoint of the old form (pickles)"),
        CASE ("\x89HDF\r\n\x1a\n", "an HDF5 file"),
        CASE ("lmgg\0", "a ggml file, from before GGUF and without a version"),
        CASE ("fmgg\1", "a ggmf file, from before GGUF"),
        CASE ("tjgg\3", "a ggjt file, from before GGUF"),
        CASE ("algg\1", "a ggla file, a LoRA adapter from before GGUF"),
        CASE ("\x08\x07\x12\x07pytorch", "an ONNX model"),
        CASE ("\x08\x01\x12\x07", "a TensorFlow SavedModel"),
        CASE ("%PDF-1.7", "a PDF document"),
        CASE ("\177ELF\2", "a program or library (ELF)"),
        CASE ("SQLite format 3\0", "an SQLite database"),
        CASE ("1.000000000000000000e+00 -2.500000000000000000e-01\n",
              "numbers as text, as numpy.savetxt writes them"),
        /* the length of a header may look like another file's first bytes */
        CASE ("\x1f\x8b\x08\0\0\0\0\0{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
              "a safetensors file"),
        CASE ("\x08\x07\x12\0\0\0\0\0{\"__metadata__\":{\"a\":\"b\"}", "a safetensors file"),
        CASE ("hello", ""),
        CASE ("", ""),
#undef CASE
    };
    uint8_t tar[512] = { 0 };
    tenon_context *context;
    ck_assert_int_eq (make_context (&context, NULL, TENON_CONTEXT_NO_FILES), TENON_OK);
    for (size_t i = 0; i < TN_COUNT (files); i++)
        ck_assert_str_eq (name_of (context, files[i].bytes, files[i].length), files[i].name);
    memcpy (tar + 257, "ustar", 5);
    ck_assert_str_eq (name_of (context, tar, sizeof tar), "a tar archive");
    memcpy (tar, "sys_info", 8);
    ck_assert_str_eq (name_of (context, tar, sizeof tar),
                      "a PyTorch checkpoint of the oldest form (a tar with pickles)");
    ck_assert_str_eq (name_of (context, tar, 261), "");
    /* each beginning of a signature is no fault */
    for (size_t i = 0; i < TN_COUNT (files); i++)
        for (size_t length = 0; length < files[i].length; length++)
            name_of (context, files[i].bytes, length);
    tenon_context_free (context);
}
END_TEST

/* Sections of any file, and of the program. */
START_TEST (added)
{
    static const char *const words[] = { "signature.mine.name=mine, by the program",
                                         "signature.mine.bytes=MINE", NULL };
    tenon_context *context;
    write_file ("tenon/signatures.ini",
                "[signature lab]\nname = a lab file\nbytes = LAB\\x00\\?!\nadvice = ask\n"
                "[signature gzip]\nname = a packed file\nbytes = \\x1f\\x8b\n"
                "[signature pdf]\nenabled = no\n");
    write_file ("tenon/tenon.ini", "[signature lab]\nname = a new lab file\nbytes = LAB\n"
                                   "[core]\nthreads = 1\n[signature end]\nname = e\ntext = \\\\end\n");
    ck_assert_int_eq (make_context (&context, words, 0), TENON_OK);
    ck_assert_str_eq (NAME_OF (context, "LAB\0x!"), "a new lab file");
    ck_assert_ptr_null (found.advice); /* the older section is gone as a whole */
    ck_assert_str_eq (NAME_OF (context, "\x1f\x8b\x08"), "a packed file");
    ck_assert_str_eq (NAME_OF (context, "%PDF-1.7"), "");
    ck_assert_str_eq (NAME_OF (context, "\n \\END"), "e");
    ck_assert_uint_eq (found.text, 2);
    ck_assert_str_eq (NAME_OF (context, "MINE"), "mine, by the program");
    ck_assert_str_eq (NAME_OF (context, "BZh91AY&SY"), "a bzip2 file");
    tenon_context_free (context);
    ck_assert_int_eq (make_context (&context, NULL, TENON_CONTEXT_NO_FILES), TENON_OK);
    ck_assert_str_eq (NAME_OF (context, "LAB\0x!"), "");
    tenon_context_free (context);
}
END_TEST

/* A wrong section is left out, with a note; the others, and everything else, are right. */
START_TEST (wrong)
{
    static const struct {
        const char *text, *words;
    } faults[] = {
        { "[signature a]\nnam = x\nbytes = A\n", ":2: [signature a] has no key 'nam'; did you mean 'name'?" },
        { "[signature a]\nname = x\n", ":1: [signature a] has no bytes and no text" },
        { "[signature a]\nbytes = A\n", ":1: [signature a] has no name" },
        { "[signature a]\nname = x\nbytes = \\x1\n",
          ":3: [signature a] bytes = '\\\\x1': expected are bytes" },
        { "[signature a]\nname = x\nbytes = @5\n", "expected are bytes, after @N those at byte N" },
        { "[signature a]\nname = x\nbytes = @4096 A\n", "expected are bytes" },
        { "[signature a]\nname = x\nbytes = \\?\\?\n", "expected are bytes" },
        { "[signature a]\nname = x\ntext =\n", "expected are bytes" },
        { "[signature a]\nname = x\nbytes = A\nenabled = perhaps\n",
          ":4: [signature a] enabled = 'perhaps': expected is yes or no" },
    };
    tenon_context *context;
    for (size_t i = 0; i < TN_COUNT (faults); i++) {
        char text[400];
        snprintf (text, sizeof text, "%s[signature b]\nname = good\nbytes = A\n", faults[i].text);
        write_file ("tenon/signatures.ini", text);
        ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
        ck_assert_str_eq (NAME_OF (context, "A"), "good");
        tenon_report_entry entry = { .struct_size = sizeof entry };
        unsigned notes = 0;
        for (uint64_t k = 0; k < tenon_report_count (context->report); k++) {
            tenon_report_get (context->report, k, &entry);
            if (entry.kind != TENON_NOTE)
                continue;
            notes++;
            ck_assert_int_eq (entry.status, TENON_E_CONFIG);
            ck_assert_msg (strstr (entry.message, faults[i].words) != NULL, "%s", entry.message);
        }
        ck_assert_uint_eq (notes, 1);
        tenon_context_free (context);
    }
    const char *word[] = { "signature.a.name=x", NULL };
    ck_assert_int_eq (make_context (&context, word, TENON_CONTEXT_NO_FILES), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "test: [signature a] has no bytes and no text");
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("signatures");
    TCase *tests = tcase_create ("signatures");
    const TTest *const all[] = { built_in_is_right, built_in, added, wrong };
    tcase_add_checked_fixture (tests, set_up, tear_down);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
