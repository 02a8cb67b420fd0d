/* Stands in for the python.exe that CPython's installer has in Lib\venv\scripts\nt: it starts the Python that pyvenv.cfg
 * names, and waits for it, in a job that ends when the launcher ends. A program's parent is then this process, as on
 * Windows.
 * Source: CPython 3.11, PC/launcher.c (process, run_child).
 */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define LENGTH 4096

/* Read `home = FOLDER` from a pyvenv.cfg in UTF-8. */
static int read_home(const wchar_t *config, wchar_t *home)
{
    char line[LENGTH];
    FILE *file = _wfopen(config, L"rb");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file)) {
        char *value = strchr(line, '=');
        if (strncmp(line, "home", 4) != 0 || !value)
            continue;
        value += 1 + strspn(value + 1, " ");
        value[strcspn(value, "\r\n")] = 0;
        fclose(file);
        return MultiByteToWideChar(CP_UTF8, 0, value, -1, home, LENGTH) > 0;
    }
    fclose(file);
    return 0;
}

/* Return what follows the program's own name in the command line. */
static const wchar_t *arguments(const wchar_t *line)
{
    int quoted = 0;
    while (*line && (quoted || (*line != L' ' && *line != L'\t'))) {
        if (*line == L'"')
            quoted = !quoted;
        line++;
    }
    return line;
}

int main(void)
{
    static wchar_t self[LENGTH], config[LENGTH], home[LENGTH], command[32768];
    GetModuleFileNameW(NULL, self, LENGTH);
    wcscpy(config, self);
    wchar_t *end = wcsrchr(config, L'\\');
    *end = 0;
    end = wcsrchr(config, L'\\');
    wcscpy(end + 1, L"pyvenv.cfg");
    if (!read_home(config, home)) {
        fwprintf(stderr, L"no home in %ls\n", config);
        return 106;
    }
    SetEnvironmentVariableW(L"__PYVENV_LAUNCHER__", self);
    swprintf(command, 32768, L"\"%ls\\%ls\"%ls", home, wcsrchr(self, L'\\') + 1, arguments(GetCommandLineW()));

    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    STARTUPINFOW start = {.cb = sizeof start};
    GetStartupInfoW(&start);
    PROCESS_INFORMATION child;
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) {
        fwprintf(stderr, L"cannot start %ls: error %lu\n", command, GetLastError());
        return 101;
    }
    AssignProcessToJobObject(job, child.hProcess);
    WaitForSingleObject(child.hProcess, INFINITE);
    DWORD status = 1;
    GetExitCodeProcess(child.hProcess, &status);
    return (int)status;
}
