/* SPDX-License-Identifier: MIT */
/* test_pickle_broken.c - pickles that are none, and files with any byte damaged. */
#include "pickles.h"

/* ---- pickles that are none ---- */

static const struct pickle broken[] = {
    CASE (".", MALFORMED, "needs 1 value, 0 lie on the stack"),
    CASE (P2 "(.", MALFORMED, "ends above a mark"),
    CASE (P2 "K\x01(.", MALFORMED, "ends above a mark"),
    CASE (P2 "0.", MALFORMED, "needs 1 value"),
    CASE (P2 "1.", MALFORMED, "needs a mark, there is none"),
    CASE (P2 "2.", MALFORMED, "needs 1 value"),
    CASE (P2 "t.", MALFORMED, "needs a mark"),
    CASE (P2 "\x85.", MALFORMED, "needs 1 value"),
    CASE (P2 "K\x01\x86.", MALFORMED, "needs 2 values, 1 lies"),
    CASE (P2 "K\x01(\x85.", MALFORMED, "0 lie on the stack above the mark"),
    CASE (P2 "K\x01(K\x02\x87.", MALFORMED, "needs 3 values, 1 lies on the stack above the mark"),
    CASE (P2 "}K\x01s.", MALFORMED, "needs 3 values"),
    CASE (P2 "}(K\x01u.", MALFORMED, "needs a value for each key"),
    CASE (P2 "(K\x01"
             "d.",
          MALFORMED, "needs a value for each key"),
    CASE (P2 "]K\x01K\x02s.", MALFORMED, "needs a dict"),
    CASE (P2 "]K\x01K\x02K\x03s.", MALFORMED, "needs a dict"),
    CASE (P2 "K\x01K\x02"
             "a.",
          MALFORMED, "needs a list"),
    CASE (P2 "](K\x01u.", MALFORMED, "a value for each key"),
    CASE (P2 "](K\x01K\x02u.", MALFORMED, "needs a dict"),
    CASE (P2 "}(K\x01"
             "e.",
          MALFORMED, "needs a list"),
    CASE ("\x80\x04](K\x01\x90.", MALFORMED, "needs a set"),
    CASE (P2 "h\0.", MALFORMED, "recalls value number 0, which it never remembered"),
    CASE (P2 "j\xff\xff\xff\xff.", MALFORMED, "recalls value number 4294967295"),
    CASE (P2 "g7\n.", MALFORMED, "recalls value number 7"),
    CASE (P2 "gx\n.", MALFORMED, "no number of a remembered value"),
    CASE (P2 "g\n.", MALFORMED, "no number of a remembered value"),
    CASE (P2 "g99999999999999999999\n.", MALFORMED, "no number of a remembered value"),
    CASE (P2 "Nr\xff\xff\xff\xff.", MALFORMED, "remembers a value as number 4294967295"),
    CASE (P2 "Nr\0\0\0\x10.", MALFORMED, "remembers a value as number 268435456"),
    CASE (P2 "Np4294967295\n.", MALFORMED, "remembers a value as number 4294967295"),
    CASE (P2 "q\0.", MALFORMED, "needs 1 value"),
    CASE (P2 "\x94.", MALFORMED, "needs 1 value"),
    CASE (P2 "R.", MALFORMED, "needs 2 values"),
    CASE (P2 "K\x01)R.", MALFORMED, "needs something to call"),
    CASE (P2 "cos\nsystem\nK\x01R.", MALFORMED, "needs a tuple of arguments"),
    CASE (P2 "cos\nsystem\n]R.", MALFORMED, "needs a tuple of arguments"),
    CASE (P2 "K\x01)\x81.", MALFORMED, "needs something to call"),
    CASE (P2 "ca\nb\n)K\x01\x92.", MALFORMED, "needs a dict of arguments"),
    CASE (P2 "K\x01}b.", MALFORMED, "needs an object"),
    CASE (P2 "}}b.", MALFORMED, "needs an object"),
    CASE (P2 "(o.", MALFORMED, "needs a class"),
    CASE (P2 "(K\x01o.", MALFORMED, "needs something to call"),
    CASE ("\x80\x04K\x01\x8c\x01"
          "a\x93.",
          MALFORMED, "needs the texts of a module and a name"),
    CASE ("\x80\x04\x8c\x01"
          "a]\x93.",
          MALFORMED, "needs the texts of a module and a name"),
    CASE ("\x80\x04\x8c\x01"
          "a\x93.",
          MALFORMED, "needs 2 values"),
    CASE ("\x80\x04\x8c\x01"
          "aC\x01"
          "b\x93.",
          MALFORMED, "needs the texts of a module and a name"),
    CASE (P2 "Q.", MALFORMED, "needs 1 value"),
    CASE (P2 "\xff.", MALFORMED, "0xff, which is no opcode"),
    CASE (P2 "\0.", MALFORMED, "which is no opcode"),
    CASE ("Ix\n.", MALFORMED, "found 'x', expected a decimal number"),
    CASE ("I\n.", MALFORMED, "expected a decimal number"),
    CASE ("I-\n.", MALFORMED, "expected a decimal number"),
    CASE ("I0x10\n.", MALFORMED, "expected a decimal number"),
    CASE ("F\n.", MALFORMED, "expected a number"),
    CASE ("F1,5\n.", MALFORMED, "expected a number"),
    CASE ("F1 2\n.", MALFORMED, "expected a number"),
    CASE ("Sx\n.", MALFORMED, "without its quotes"),
    CASE ("S'x\n.", MALFORMED, "without its quotes"),
    CASE ("S'\n.", MALFORMED, "without its quotes"),
    CASE ("S'\\q'\n.", MALFORMED, "an unknown escape"),
    CASE ("S'\\x4'\n.", MALFORMED, "an unknown escape"),
    CASE ("S'\\'\n.", MALFORMED, "an unknown escape"),
    CASE ("V\\u12\n.", MALFORMED, "found \\\\u without a character"),
    CASE ("V\\U00110000\n.", MALFORMED, "found \\\\U without a character"),
    CASE ("T\xff\xff\xff\xff"
          "a.",
          MALFORMED, "the negative length -1"),
    CASE (P2 "\x8b\xff\xff\xff\xff"
             "a.",
          MALFORMED, "the negative length -1"),
    CASE ("\x80\x06N.", UNSUPPORTED, "protocol 6, expected at most 5"),
    CASE ("\x80\xffN.", UNSUPPORTED, "protocol 255"),
    CASE ("\x80\x05\x97.", UNSUPPORTED, "its buffers are outside of the pickle"),
    CASE ("\x80\x05N\x98.", UNSUPPORTED, "its buffers are outside of the pickle"),
    /* lengths and frames that lie */
    CASE ("X\xff\xff\xff\xff"
          "a.",
          TRUNCATED, "needs 4294967295 bytes here"),
    CASE ("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
          "a.",
          TRUNCATED, "needs 18446744073709551615 bytes here"),
    CASE ("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"
          "a.",
          TRUNCATED, "needs 9223372036854775807 bytes here"),
    CASE ("\x80\x05\x96\0\0\0\0\0\x01\0\0"
          "a.",
          TRUNCATED, "needs 1099511627776 bytes here"),
    CASE ("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", TRUNCATED,
          "needs 18446744073709551615 bytes here"),
    CASE ("\x80\x04\x95\0\0\0\0\x01\0\0\0N.", TRUNCATED, "needs 4294967296 bytes here"),
    CASE (P2 "\x8b\xff\xff\xff\x7f"
             "a.",
          TRUNCATED, "needs 2147483647 bytes here"),
    CASE ("cos", TRUNCATED, "ends within a line"),
};

static void
check_broken (int number)
{
    const struct pickle *pickle = &broken[number];
    struct bytes bytes = file_around (pickle->bytes, pickle->size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (!file, "case %d opens, expected '%s'", number, pickle->words);
    ck_assert_msg (error.status == pickle->status && strstr (error.message, pickle->words),
                   "case %d: %d '%s', expected %d '%s'", number, error.status, error.message, pickle->status,
                   pickle->words);
    ck_assert (error.offset == UINT64_MAX || error.offset <= bytes.size);
    free (bytes.data);
}

START_TEST (a_broken_pickle_is_refused)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        check_broken ((int) i);
}
END_TEST

/* ---- damage ---- */

#define ALL                                                                                                  \
    P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("a") "K\x01" TEXT1 ("b") "](K\x01K\x02"                                \
                                                               "e" TEXT1 ("c") "ca\nb\n)\x81}" TEXT1 (       \
                                                                   "k") "K\x01sbU\x01"                       \
                                                                        "dG\x3f\xe0\0\0\0\0\0\0"             \
                                                                        "u."

/* Every prefix of a file fails, or opens with its tensor unreadable, and none crashes. */
START_TEST (truncation_at_every_byte)
{
    struct bytes bytes = file_around (ALL, sizeof ALL - 1);
    size_t whole = bytes.size, data = whole - 24;
    for (bytes.size = 0; bytes.size < whole; bytes.size++) {
        tenon_file *file = open_bytes (&bytes, "m");
        ck_assert_msg ((file != NULL) == (bytes.size >= data), "at byte %zu: %s", bytes.size, error.message);
        if (file)
            spoiled (file, "w", TENON_E_TRUNCATED, "");
        close_file (file);
    }
    free (bytes.data);
}
END_TEST

/* Every byte with two other values: no crash, and what opens can be verified. */
START_TEST (flips_of_every_byte)
{
    struct bytes bytes = file_around (ALL, sizeof ALL - 1);
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t kept = bytes.data[i];
        for (unsigned way = 0; way < 2; way++) {
            bytes.data[i] = way ? 0xff : (uint8_t) (kept ^ 1u << i % 8);
            tenon_file *file = open_bytes (&bytes, "m");
            if (file)
                (void) tenon_verify (file, NULL, NULL, &error);
            close_file (file);
        }
        bytes.data[i] = kept;
    }
    free (bytes.data);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, a_broken_pickle_is_refused);
    tcase_add_test (cases, truncation_at_every_byte);
    tcase_add_test (cases, flips_of_every_byte);
}

int
main (void)
{
    return run_suite ("pickle_broken", add_tests);
}
