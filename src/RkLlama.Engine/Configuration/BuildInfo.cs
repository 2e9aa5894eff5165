using System.Reflection;

namespace RkLlama.Engine.Configuration;

internal static class BuildInfo
{
    /// <summary>The version of this program, without the source revision.</summary>
    internal static string Version { get; } =
        typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
