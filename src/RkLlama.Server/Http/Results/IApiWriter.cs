using System.Buffers;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Results;

/// <summary>Writes the output of one generation in the format of an API. One instance per request.</summary>
internal interface IApiWriter
{
    /// <summary>Content type of a streamed response.</summary>
    string StreamContentType { get; }

    /// <summary>Serializes the complete output as one JSON object, without a newline.</summary>
    byte[] SerializeComplete(CompleteOutput answer);

    /// <summary>Serializes the complete outputs of a request that has several prompts, in their order. By default, a request has one prompt.</summary>
    byte[] SerializeAll(IReadOnlyList<CompleteOutput> answers) => SerializeComplete(answers[0]);

    /// <summary>Writes one event of the generation as zero or more events or lines of the stream.</summary>
    void WriteEvent(GenerationEvent item, IBufferWriter<byte> output);

    /// <summary>Writes a keep-alive. It must be valid in the stream and must not change what clients read.</summary>
    void WriteKeepAlive(IBufferWriter<byte> output);

    /// <summary>Writes a keep-alive that also tells the place of the request in the queue, if the format has room for it.</summary>
    /// <param name="place"><see langword="null"/> if the request does not wait.</param>
    void WriteKeepAlive(QueuePlace? place, IBufferWriter<byte> output) => WriteKeepAlive(output);

    /// <summary>Writes the error as the last event or line of a failed stream.</summary>
    void WriteError(ApiException error, IBufferWriter<byte> output);
}
