using System.Globalization;
using System.Runtime.InteropServices;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The user of this process.</summary>
internal static partial class CurrentUser
{
    /// <summary>The name of the user. If the system knows none, as without <c>/etc/passwd</c>, "root" or the number of the user.</summary>
    internal static string Name
    {
        get
        {
            try
            {
                if (Environment.UserName is { Length: > 0 } name)
                    return name;
            }
            catch (Exception ex) when (ex is IOException or InvalidOperationException)
            {
                // The list of users is missing or cannot be read.
            }

            return geteuid() is > 0 and var number ? number.ToString(CultureInfo.InvariantCulture) : "root";
        }
    }

    [LibraryImport("libc.so.6")]
    private static partial uint geteuid();
}
