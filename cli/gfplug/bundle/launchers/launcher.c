/* The launcher of a bundle that brings its own C library: a static program without a library.
 *
 * Grafana starts `<folder>/<name>`; this starts `<folder>/<name>.bin` with the loader and the libraries in
 * `<folder>/_internal_<platform>`, as the same process. It reads no variable and writes nothing but its own failure.
 * Compiled once for each machine by launchers.py; users need no compiler.
 */

#define SIZE 4096

#if defined(__x86_64__)
#define CONTENTS "_internal_linux_amd64"
#define LOADER "ld-linux-x86-64.so.2"
enum { WRITE = 1, EXECVE = 59, EXIT = 60, READLINKAT = 267 };
static long call(long number, long one, long two, long three, long four) {
  register long fourth __asm__("r10") = four;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(one), "S"(two), "d"(three), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call launch\n");
#elif defined(__aarch64__)
#define CONTENTS "_internal_linux_arm64"
#define LOADER "ld-linux-aarch64.so.1"
enum { WRITE = 64, EXECVE = 221, EXIT = 93, READLINKAT = 78 };
static long call(long number, long one, long two, long three, long four) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = one;
  register long x1 __asm__("x1") = two;
  register long x2 __asm__("x2") = three;
  register long x3 __asm__("x3") = four;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl launch\n");
#endif

enum { CURRENT_FOLDER = -100, MOST_ARGUMENTS = 256 };

static char self[SIZE], program[SIZE + 8], folder[SIZE + 64], loader[SIZE + 128];
static const char *arguments[MOST_ARGUMENTS + 6];

static char *append(char *end, const char *text) {
  while (*text) *end++ = *text++;
  *end = 0;
  return end;
}

static void fail(const char *text) {
  const char *end = text;
  while (*end) end++;
  call(WRITE, 2, (long)text, end - text, 0);
  call(EXIT, 127, 0, 0, 0);
}

/* The path of this program: /proc says it, and where there is no /proc, the first argument does. */
static void find(const char *first) {
  long length = call(READLINKAT, CURRENT_FOLDER, (long)"/proc/self/exe", (long)self, SIZE - 1);
  if (length >= SIZE - 1) fail("the plugin's path is too long\n");
  if (length > 0) return;
  for (length = 0; first && first[length]; length++)
    if (length >= SIZE - 1) fail("the plugin's path is too long\n");
  if (!length) fail("the plugin cannot find its own path: neither /proc nor an argument tells it\n");
  append(self, first);
}

__attribute__((noreturn, used)) void launch(long *stack) {
  long count = stack[0];
  const char **given = (const char **)(stack + 1);
  const char **variables = given + count + 1;
  char *end = self, *slash = 0;
  if (count > MOST_ARGUMENTS) fail("the plugin was given too many arguments\n");
  find(count > 0 ? given[0] : 0);
  for (; *end; end++)
    if (*end == '/') slash = end;
  append(append(program, self), ".bin");
  if (slash) slash[1] = 0;
  else append(self, "./");
  append(append(folder, self), CONTENTS);
  append(append(append(loader, folder), "/"), LOADER);
  arguments[0] = loader;
  arguments[1] = "--library-path";
  arguments[2] = folder;
  arguments[3] = program;
  for (long number = 1; number < count; number++) arguments[3 + number] = given[number];
  call(EXECVE, (long)loader, (long)arguments, (long)variables, 0);
  fail("the plugin cannot start the loader in " CONTENTS ": is it there, and may it be executed?\n");
  __builtin_unreachable();
}

/* Compilers may ask for these two whatever they are told. */
__attribute__((used)) void *memset(void *to, int value, unsigned long size) {
  volatile char *each = to;
  while (size--) *each++ = (char)value;
  return to;
}
__attribute__((used)) void *memcpy(void *to, const void *from, unsigned long size) {
  volatile char *one = to;
  const char *other = from;
  while (size--) *one++ = *other++;
  return to;
}
