/* checksum.c - CRC-32 (ISO 3309). ISA-L and libdeflate fold it with carry-less multiplication, at several
 * times zlib's speed. */
#include "checksum.h"
#if defined(HAVE_ISAL)
#include <isa-l/crc.h>
#elif defined(HAVE_LIBDEFLATE)
#include <libdeflate.h>
#endif
#include <zlib.h>

#if defined(HAVE_ISAL)
const char tn_crc32_backend[] = "ISA-L";

uint32_t
tn_crc32 (uint32_t crc, const void *bytes, uint64_t length)
{
    return crc32_gzip_refl (crc, bytes, length);
}
#elif defined(HAVE_LIBDEFLATE)
const char tn_crc32_backend[] = "libdeflate";

uint32_t
tn_crc32 (uint32_t crc, const void *bytes, uint64_t length)
{
    return libdeflate_crc32 (crc, bytes, length);
}
#else
const char tn_crc32_backend[] = "zlib";

uint32_t
tn_crc32 (uint32_t crc, const void *bytes, uint64_t length)
{
    return (uint32_t) crc32_z (crc, bytes, length);
}
#endif

uint32_t
tn_crc32_combine (uint32_t first, uint32_t second, uint64_t length_of_second)
{
    return (uint32_t) crc32_combine (first, second, (z_off_t) length_of_second);
}
