using RkLlama.Engine.Configuration;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>The endpoints with which other nodes download the models of this node. Only with the setting <c>--share-models</c>.</summary>
internal static class SharedFileEndpoints
{
    internal static JsonResult<SharedFilesReply> List(string name, NodeOptions options, SharedModels models, FileHashes hashes)
    {
        Check(options);
        IReadOnlyList<SharedFile> files = models.FilesOf(name);
        bool isHashing = false;
        List<SharedFileReply> list = [];
        foreach (SharedFile file in files)
        {
            (string? sha256, bool isComing) = hashes.Find(file.FullPath, file.Status);
            isHashing |= isComing;
            list.Add(new(file.Path, file.Status.Size, file.Tag, sha256));
        }

        return new(new(SharedModels.RevisionOf(files), files[0].Path, isHashing, list), RkLlamaJson.Wire.SharedFilesReply);
    }

    internal static SharedFileResult Get(HttpContext context, string name, string path, NodeOptions options, SharedModels models)
    {
        Check(options);

        // HTTP ignores ranges of unknown units. The framework takes their numbers for bytes.
        if (context.Request.GetTypedHeaders().Range is { } range && !range.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase))
            context.Request.Headers.Range = default;
        return models.Open(name, path) is var (content, tag, modified)
            ? new SharedFileResult(content, tag, modified)
            : throw new ApiException(StatusCodes.Status404NotFound, new("The model has no such file."));
    }

    private static void Check(NodeOptions options)
    {
        if (!options.SharesModels)
        {
            throw new ApiException(StatusCodes.Status403Forbidden, new("This server does not share its models: the operator has not set --share-models."))
            {
                Code = "sharing_off",
            };
        }
    }
}
