using System.Runtime.InteropServices;

namespace RkLlama.Hub;

/// <summary>
/// OpenSSL, which .NET needs for TLS (https). It is not part of the executable. If it is missing, the first TLS connection ends the process, so commands check
/// this before.
/// </summary>
internal static class TlsLibrary
{
    internal const string Missing = "https needs OpenSSL, which this machine does not have: install it with 'apt-get install libssl3 ca-certificates' (on Debian 11: libssl1.1)";

    // The versions that .NET looks for on Debian and Ubuntu.
    private static readonly string[] Names = ["libssl.so.3", "libssl.so.1.1"];

    /// <summary>Whether an OpenSSL that .NET can use is installed.</summary>
    internal static bool IsInstalled => Array.Exists(Names, static name => NativeLibrary.TryLoad(name, out _));
}
