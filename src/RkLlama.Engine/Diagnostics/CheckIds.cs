namespace RkLlama.Engine.Diagnostics;

/// <summary>The names of the checks of <c>rkllama doctor</c>, in the order of its output. They must not change: scripts and documents use them.</summary>
internal static class CheckIds
{
    internal const string Platform = "platform";
    internal const string Kernel = "kernel";
    internal const string NpuDriver = "npu-driver";
    internal const string NpuDevice = "npu-device";
    internal const string NpuPermission = "npu-permission";
    internal const string NpuUsers = "npu-users";
    internal const string Library = "library";
    internal const string LibraryFile = "library-file";
    internal const string LibraryNeeds = "library-needs";
    internal const string LibraryVersion = "library-version";
    internal const string RknnLibrary = "rknn-library";
    internal const string Settings = "settings";
    internal const string Port = "port";
    internal const string Server = "server";
    internal const string Limits = "limits";
    internal const string ModelsDirectory = "models-directory";
    internal const string Modelfile = "modelfile";
    internal const string ModelFile = "model-file";
    internal const string ModelPermission = "model-permission";
    internal const string ModelMemory = "model-memory";
    internal const string Tokenizer = "tokenizer";
    internal const string Template = "template";
    internal const string Disk = "disk";
    internal const string NpuClock = "npu-clock";
    internal const string CpuClock = "cpu-clock";
    internal const string DdrClock = "ddr-clock";
    internal const string Temperature = "temperature";

    internal static readonly string[] All =
    [
        Platform, Kernel, NpuDriver, NpuDevice, NpuPermission, NpuUsers, Library, LibraryFile, LibraryNeeds, LibraryVersion, RknnLibrary, Settings, Port, Server, Limits,
        ModelsDirectory, Modelfile, ModelFile, ModelPermission, ModelMemory, Tokenizer, Template, Disk, NpuClock, CpuClock, DdrClock, Temperature,
    ];
}
