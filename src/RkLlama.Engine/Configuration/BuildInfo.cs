using System.Reflection;

namespace RkLlama.Engine.Configuration;

internal static class BuildInfo
{
    /// <summary>The version of this program, such as <c>0.1.0</c>, without the source revision.</summary>
    internal static string Version { get; } =
        typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
