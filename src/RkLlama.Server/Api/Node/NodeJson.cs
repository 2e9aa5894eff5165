using System.Text.Json.Serialization;
using RkLlama.Server.Api.Node.Events;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Node;

/// <summary>JSON metadata of the responses of the node API: see <see cref="NodeApi"/>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(NodeRequests))]
[JsonSerializable(typeof(NodeCancelled))]
[JsonSerializable(typeof(NodeDoctor))]
[JsonSerializable(typeof(NodePeers))]
[JsonSerializable(typeof(NodeLog))]
[JsonSerializable(typeof(NodeModelfile))]
[JsonSerializable(typeof(NodeModelList))]
[JsonSerializable(typeof(NodeNames))]
[JsonSerializable(typeof(NodePull))]
[JsonSerializable(typeof(NodePullStopped))]
[JsonSerializable(typeof(NodeEventSnapshot))]
[JsonSerializable(typeof(NodeQueueEvent))]
[JsonSerializable(typeof(NodePullEvent))]
internal sealed partial class NodeJson : JsonSerializerContext
{
    internal static NodeJson Wire { get; } = new(WireOptions.Create());
}
