/* SPDX-License-Identifier: MIT */
/* crc.c - CRC-32C by the instruction that x86-64 and ARMv8 have for it, else by tables.
 *
 * The instruction takes 8 bytes, and its result is there three cycles later, while another may begin in each
 * cycle. So long runs are cut into three lanes, whose sums grow side by side and are then joined. */
#include "crc_table.h"
#include <tenon/bytes.h>
#include <tenon/crc.h>

#if defined __x86_64__ && !defined TENON_PORTABLE_KERNELS
#define WITH_INSTRUCTION 1
#define TARGET __attribute__ ((target ("sse4.2")))
#define STEP_1(crc, byte) __builtin_ia32_crc32qi (crc, byte)
#define STEP_8(crc, word) __builtin_ia32_crc32di (crc, word)
#define HAS_INSTRUCTION __builtin_cpu_supports ("sse4.2")
#elif defined __ARM_FEATURE_CRC32 && !defined TENON_PORTABLE_KERNELS
#include <arm_acle.h>
#define WITH_INSTRUCTION 1
#define TARGET
#define STEP_1(crc, byte) __crc32cb ((uint32_t) (crc), byte)
#define STEP_8(crc, word) __crc32cd ((uint32_t) (crc), word)
#define HAS_INSTRUCTION 1
#endif

/* ---- joining ---- */

/* The product of two polynomials over GF(2). */
static uint32_t
gf2_multiply (uint32_t modulus, uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit > 0; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = b & 1 ? b >> 1 ^ modulus : b >> 1;
    }
    return product;
}

/* `length` more bytes multiply the sum of the bytes before them by x^(8 × length). */
uint32_t
tenon_crc_join (uint32_t polynomial, uint32_t first, uint32_t second, uint64_t length)
{
    uint32_t power = 1u << (31 - 8); /* x^8 */
    for (; length > 0; length >>= 1) {
        if (length & 1)
            first = gf2_multiply (polynomial, power, first);
        power = gf2_multiply (polynomial, power, power);
    }
    return first ^ second;
}

/* ---- tables ---- */

/* An entry is linear in the bits of its index: the sum of those of 1, 2, 4 … 128. */
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                                     \
    (((i) &1 ? a : 0) ^ ((i) &2 ? b : 0) ^ ((i) &4 ? c : 0) ^ ((i) &8 ? d : 0) ^ ((i) &16 ? e : 0)           \
     ^ ((i) &32 ? f : 0) ^ ((i) &64 ? g : 0) ^ ((i) &128 ? h : 0))
#define FOUR(i, ...)                                                                                         \
    ENTRY (i, __VA_ARGS__), ENTRY ((i) + 1, __VA_ARGS__), ENTRY ((i) + 2, __VA_ARGS__),                      \
        ENTRY ((i) + 3, __VA_ARGS__)
#define SIXTEEN(i, ...)                                                                                      \
    FOUR (i, __VA_ARGS__), FOUR ((i) + 4, __VA_ARGS__), FOUR ((i) + 8, __VA_ARGS__),                         \
        FOUR ((i) + 12, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                                                                   \
    SIXTEEN (i, __VA_ARGS__), SIXTEEN ((i) + 16, __VA_ARGS__), SIXTEEN ((i) + 32, __VA_ARGS__),              \
        SIXTEEN ((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                                                           \
    {                                                                                                        \
        SIXTY_FOUR (0, __VA_ARGS__), SIXTY_FOUR (64, __VA_ARGS__), SIXTY_FOUR (128, __VA_ARGS__),            \
            SIXTY_FOUR (192, __VA_ARGS__)                                                                    \
    }

/* tables[k][i]: the remainder of the byte i with k zero bytes behind it. */
static const uint32_t tables[8][256] = {
    TABLE (0xF26B8303, 0xE13B70F7, 0xC79A971F, 0x8AD958CF, 0x105EC76F, 0x20BD8EDE, 0x417B1DBC, 0x82F63B78),
    TABLE (0x13A29877, 0x274530EE, 0x4E8A61DC, 0x9D14C3B8, 0x3FC5F181, 0x7F8BE302, 0xFF17C604, 0xFBC3FAF9),
    TABLE (0xA541927E, 0x4F6F520D, 0x9EDEA41A, 0x38513EC5, 0x70A27D8A, 0xE144FB14, 0xC76580D9, 0x8B277743),
    TABLE (0xDD45AAB8, 0xBF672381, 0x7B2231F3, 0xF64463E6, 0xE964B13D, 0xD725148B, 0xABA65FE7, 0x52A0C93F),
    TABLE (0x38116FAC, 0x7022DF58, 0xE045BEB0, 0xC5670B91, 0x8F2261D3, 0x1BA8B557, 0x37516AAE, 0x6EA2D55C),
    TABLE (0xEF306B19, 0xDB8CA0C3, 0xB2F53777, 0x6006181F, 0xC00C303E, 0x85F4168D, 0x0E045BEB, 0x1C08B7D6),
    TABLE (0x68032CC8, 0xD0065990, 0xA5E0C5D1, 0x4E2DFD53, 0x9C5BFAA6, 0x3D5B83BD, 0x7AB7077A, 0xF56E0EF4),
    TABLE (0x493C7D27, 0x9278FA4E, 0x211D826D, 0x423B04DA, 0x847609B4, 0x0D006599, 0x1A00CB32, 0x34019664),
};

uint32_t
tenon_crc32c_table (uint32_t crc, const void *bytes, uint64_t length)
{
    const uint8_t *at = bytes;
    crc = ~crc;
    for (; length >= 8; at += 8, length -= 8) {
        uint32_t low = tenon_le32 (at) ^ crc, high = tenon_le32 (at + 4);
        crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255]
              ^ tables[4][low >> 24] ^ tables[3][high & 255] ^ tables[2][high >> 8 & 255]
              ^ tables[1][high >> 16 & 255] ^ tables[0][high >> 24];
    }
    for (; length > 0; at++, length--)
        crc = crc >> 8 ^ tables[0][(crc ^ *at) & 255];
    return ~crc;
}

/* ---- the instruction ---- */

#ifdef WITH_INSTRUCTION
#define LANE 4096u
#define LANE_POWER 0x35D73A62u /* x^(8 × LANE) */

TARGET static const uint8_t *
sum_lanes (uint64_t *crc, const uint8_t *at)
{
    uint64_t first = *crc, second = 0, third = 0;
    for (const uint8_t *end = at + LANE; at < end; at += 8) {
        first = STEP_8 (first, tenon_le64 (at));
        second = STEP_8 (second, tenon_le64 (at + LANE));
        third = STEP_8 (third, tenon_le64 (at + 2 * LANE));
    }
    uint32_t both = gf2_multiply (TENON_CRC_CASTAGNOLI, LANE_POWER, (uint32_t) first) ^ (uint32_t) second;
    *crc = gf2_multiply (TENON_CRC_CASTAGNOLI, LANE_POWER, both) ^ third;
    return at + 2 * LANE;
}

TARGET static uint32_t
sum_by_instruction (uint32_t before, const uint8_t *at, uint64_t length)
{
    uint64_t crc = ~before;
    for (; length >= 3 * LANE; length -= 3 * LANE)
        at = sum_lanes (&crc, at);
    for (; length >= 8; at += 8, length -= 8)
        crc = STEP_8 (crc, tenon_le64 (at));
    for (; length > 0; at++, length--)
        crc = STEP_1 ((uint32_t) crc, *at);
    return ~(uint32_t) crc;
}
#endif

uint32_t
tenon_crc32c (uint32_t crc, const void *bytes, uint64_t length)
{
#ifdef WITH_INSTRUCTION
    if (HAS_INSTRUCTION)
        return sum_by_instruction (crc, bytes, length);
#endif
    return tenon_crc32c_table (crc, bytes, length);
}
