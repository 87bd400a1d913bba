/* SPDX-License-Identifier: MIT */
/* toysum.c - a member with a checksum, which the codec reads in the way that a letter says.
 *
 *     "TOYSUM", the letter, the kind of checksum, the sum of the member (8 bytes), the member up to the end
 *
 * V view of all; R read_at of all; r the same, and another codec might do without; P two pieces; H half of
 * it; N TENON_PART_CHECK_NOW, and nothing is read; n the same, and a codec might do without; Z an empty part,
 * at once; F a flag that does not exist; S the service checksum in three steps; K any kind of checksum: one
 * that the host does not know is left out. X and Y: the same as V and N,
 * with the filter toyxor. Metadata: "read", a u32 sum of the bytes that were read, or "without". The tensor
 * "x" is the member. */
#include <tenon/plugin.h>

static tenon_status
add_number (struct tenon_call *call, const char *key, uint64_t number)
{
    struct tenon_value value = { .type = TENON_U64, .source = TENON_NO_SOURCE };
    value.as.u = number;
    return call->host->add_metadata (call, key, strlen (key), &value);
}

static tenon_status
use_bytes (struct tenon_call *call, const uint8_t *bytes, uint64_t size)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < size; i++)
        sum += bytes[i];
    return add_number (call, "read", sum);
}

static tenon_status
read_part (struct tenon_call *call, char letter, uint32_t part, uint64_t size)
{
    uint64_t half = letter == 'P' || letter == 'H' ? size / 2 : size;
    if (letter == 'V' || letter == 'X') {
        const uint8_t *bytes = call->host->view (call, part, 0, size);
        return bytes ? use_bytes (call, bytes, size) : TENON_E_IO;
    }
    uint8_t *bytes = call->host->scratch (call, size);
    if (!bytes)
        return TENON_E_MEMORY;
    tenon_status status = call->host->read_at (call, part, 0, bytes, half);
    if (status == TENON_E_CHECKSUM && letter == 'r')
        return add_number (call, "without", 1);
    TENON_TRY (status);
    if (letter == 'P')
        TENON_TRY (call->host->read_at (call, part, half, bytes + half, size - half));
    return use_bytes (call, bytes, letter == 'H' ? half : size);
}

static tenon_status
compare_sum (struct tenon_call *call, uint32_t part, uint64_t size, uint32_t kind, uint64_t wanted)
{
    uint64_t third = size / 3, sum, again;
    const uint8_t *bytes = call->host->view (call, part, 0, size);
    if (!bytes)
        return TENON_E_IO;
    TENON_TRY (call->host->checksum (call, kind, NULL, bytes, third, &sum));
    TENON_TRY (call->host->checksum (call, kind, &sum, NULL, 0, &sum));
    TENON_TRY (call->host->checksum (call, kind, &sum, bytes + third, size - third, &again));
    TENON_TRY (call->host->checksum (call, kind, NULL, bytes, size, &sum));
    return add_number (call, "same", sum == again && sum == wanted);
}

static tenon_status
sum_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    static const struct tenon_step toyxor = { .struct_size = sizeof toyxor, .filter = "toyxor" };
    struct tenon_part part = { .struct_size = sizeof part, .offset = 16 };
    uint8_t head[16];
    uint32_t number;
    TENON_TRY (call->host->source_info (call, 0, &info));
    TENON_TRY (call->host->read_at (call, 0, 0, head, sizeof head));
    char letter = (char) head[6];
    part.size = part.stored = letter == 'Z' ? 0 : info.size - 16;
    part.check = head[7];
    part.check_value = tenon_le64 (head + 8);
    part.name = "member", part.name_length = 6;
    part.flags = letter == 'N' || letter == 'n' || letter == 'Y' || letter == 'Z' ? TENON_PART_CHECK_NOW : 0;
    part.flags |= letter == 'F' ? 1u << 20 : 0;
    if (letter == 'X' || letter == 'Y')
        part.steps = &toyxor, part.step_size = sizeof toyxor, part.step_count = 1, part.size -= 4;
    if (letter == 'S')
        part.check = TENON_CHECK_NONE;
    tenon_status status = call->host->add_part (call, &part, &number);
    if (letter == 'K' && status == TENON_E_UNSUPPORTED) {
        part.check = TENON_CHECK_NONE;
        status = call->host->add_part (call, &part, &number);
    }
    if (letter == 'n' && status == TENON_E_CHECKSUM)
        return add_number (call, "without", 1);
    TENON_TRY (status);
    if (letter == 'S')
        TENON_TRY (compare_sum (call, number, part.size, head[7], part.check_value));
    else if (!(part.flags & TENON_PART_CHECK_NOW))
        TENON_TRY (read_part (call, letter, number, part.size));
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = "x" };
    tensor.name_length = 1;
    tensor.shape = &part.size;
    tensor.rank = 1;
    tensor.source = number;
    tensor.length = TENON_AUTO;
    return call->host->add_tensor (call, &tensor);
}

static const struct tenon_magic magics[] = { { 0, 6, 0, "TOYSUM" } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "toysum",
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = sum_describe,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toysum",
    .version = "1.0",
    .license = "MIT",
    .summary = "checksums of what codecs read, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
