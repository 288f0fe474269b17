// Has one read of a program fail, or every read from one on, of files below one folder: preloaded by `it/reads`.
//
// FAIL_BELOW  the folder           FAIL_AT   which of the calls, from 1; 0 counts them alone
// FAIL_HOW    EIO, EINTR, ENOMEM, or SHORT for half of what was asked; FAIL_FOR  once, or ever
// FAIL_COUNT  a file to which the number of calls is written at the end
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static _Thread_local int within;

static int is_below(int fd) {
    const char *below = getenv("FAIL_BELOW");
    char link[64], path[4096];
    if (!below || within) return 0;
    within = 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    within = 0;
    if (len <= 0) return 0;
    path[len] = 0;
    return strncmp(path, below, strlen(below)) == 0;
}

// What becomes of a call: 0 goes on, 1 is short, else the error.
static int fault(int fd) {
    if (!is_below(fd)) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    const char *at = getenv("FAIL_AT"), *how = getenv("FAIL_HOW"), *length = getenv("FAIL_FOR");
    long from = at ? atol(at) : 0;
    if (from == 0 || call < from || (call > from && !(length && strcmp(length, "ever") == 0))) return 0;
    if (!how || strcmp(how, "EIO") == 0) return EIO;
    if (strcmp(how, "EINTR") == 0) return EINTR;
    if (strcmp(how, "ENOMEM") == 0) return ENOMEM;
    return 1;
}

__attribute__((destructor)) static void tell(void) {
    const char *file = getenv("FAIL_COUNT");
    FILE *out = file ? fopen(file, "w") : NULL;
    if (!out) return;
    fprintf(out, "%ld\n", atomic_load(&calls));
    fclose(out);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define READ(name, params, fd, count, args)                                                                            \
    ssize_t name params {                                                                                              \
        int what = fault(fd);                                                                                          \
        if (what > 1) {                                                                                                \
            errno = what;                                                                                              \
            return -1;                                                                                                 \
        }                                                                                                              \
        if (what == 1 && count > 1) count /= 2;                                                                        \
        return REAL(name) args;                                                                                        \
    }

READ(read, (int fd, void *to, size_t count), fd, count, (fd, to, count))
READ(pread, (int fd, void *to, size_t count, off_t at), fd, count, (fd, to, count, at))
READ(pread64, (int fd, void *to, size_t count, off64_t at), fd, count, (fd, to, count, at))
READ(readv, (int fd, const struct iovec *to, int count), fd, count, (fd, to, count))
READ(copy_file_range, (int fd, off64_t *at, int out, off64_t *to, size_t count, unsigned flags), fd, count,
     (fd, at, out, to, count, flags))

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset) {
    int what = flags & MAP_ANONYMOUS ? 0 : fault(fd);
    if (what > 1) {
        errno = what;
        return MAP_FAILED;
    }
    return REAL(mmap)(at, len, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset) {
    int what = flags & MAP_ANONYMOUS ? 0 : fault(fd);
    if (what > 1) {
        errno = what;
        return MAP_FAILED;
    }
    return REAL(mmap64)(at, len, protection, flags, fd, offset);
}
