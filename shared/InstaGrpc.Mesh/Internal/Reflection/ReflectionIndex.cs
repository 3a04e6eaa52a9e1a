using Google.Protobuf.Reflection;
using InstaGrpc.Mesh.ReflectionV1;

namespace InstaGrpc.Mesh.Internal.Reflection;

/// <summary>Every file behind the services of this process, by file name and by the symbols in it.</summary>
internal sealed class ReflectionIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Type, int Number), FileDescriptor> _extensions = [];
    private readonly string[] _services;

    public ReflectionIndex(MeshCatalog catalog)
    {
        ServiceDescriptor[] services =
        [
            .. catalog.Services.Select(s => s.Descriptor), HealthV1.Health.Descriptor, ServerReflection.Descriptor,
            ReflectionV1Alpha.ServerReflection.Descriptor,
        ];
        _services = [.. services.Select(s => s.FullName).Order(StringComparer.Ordinal)];
        foreach (var service in services)
        {
            Add(service.File);
        }
    }

    public ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse();
                response.ListServicesResponse.Service.AddRange(_services.Select(name => new ServiceResponse { Name = name }));
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                Files(response, _files.GetValueOrDefault(request.FileByFilename), $"file {request.FileByFilename}");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                Files(response, _symbols.GetValueOrDefault(request.FileContainingSymbol), $"symbol {request.FileContainingSymbol}");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                var wanted = request.FileContainingExtension;
                Files(response, _extensions.GetValueOrDefault((wanted.ContainingType, wanted.ExtensionNumber)),
                    $"extension {wanted.ExtensionNumber} of {wanted.ContainingType}");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                var type = request.AllExtensionNumbersOfType;
                if (_symbols.ContainsKey(type))
                {
                    response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type };
                    response.AllExtensionNumbersResponse.ExtensionNumber.AddRange(
                        _extensions.Keys.Where(k => k.Type == type).Select(k => k.Number).Order());
                }
                else
                {
                    NotFound(response, $"type {type}");
                }

                break;
            default:
                response.ErrorResponse = new ErrorResponse
                {
                    ErrorCode = (int)Grpc.Core.StatusCode.InvalidArgument, ErrorMessage = "the request asks for nothing",
                };
                break;
        }

        return response;
    }

    // With everything that it imports: tools that ask file by file cope, those that don't need it.
    private static void Files(ServerReflectionResponse response, FileDescriptor? file, string what)
    {
        if (file is null)
        {
            NotFound(response, what);
            return;
        }

        var sent = new HashSet<string>(StringComparer.Ordinal);
        var files = new FileDescriptorResponse();
        Collect(file);
        response.FileDescriptorResponse = files;

        void Collect(FileDescriptor one)
        {
            if (sent.Add(one.Name))
            {
                files.FileDescriptorProto.Add(one.SerializedData);
                foreach (var dependency in one.Dependencies)
                {
                    Collect(dependency);
                }
            }
        }
    }

    private static void NotFound(ServerReflectionResponse response, string what) => response.ErrorResponse = new ErrorResponse
    {
        ErrorCode = (int)Grpc.Core.StatusCode.NotFound, ErrorMessage = $"{what} is not known here",
    };

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (var dependency in file.Dependencies)
        {
            Add(dependency);
        }

        foreach (var service in file.Services)
        {
            _symbols.TryAdd(service.FullName, file);
            foreach (var method in service.Methods)
            {
                _symbols.TryAdd(method.FullName, file);
            }
        }

        foreach (var message in file.MessageTypes)
        {
            Add(message, file);
        }

        foreach (var values in file.EnumTypes)
        {
            Add(values, file);
        }

        Add(file.Extensions, file);
    }

    private void Add(MessageDescriptor message, FileDescriptor file)
    {
        _symbols.TryAdd(message.FullName, file);
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            _symbols.TryAdd(field.FullName, file);
        }

        foreach (var oneof in message.Oneofs)
        {
            _symbols.TryAdd(oneof.FullName, file);
        }

        foreach (var inner in message.NestedTypes)
        {
            Add(inner, file);
        }

        foreach (var values in message.EnumTypes)
        {
            Add(values, file);
        }

        Add(message.Extensions, file);
    }

    private void Add(EnumDescriptor values, FileDescriptor file)
    {
        _symbols.TryAdd(values.FullName, file);
        foreach (var value in values.Values)
        {
            _symbols.TryAdd(value.FullName, file);
        }
    }

    private void Add(ExtensionCollection extensions, FileDescriptor file)
    {
        foreach (var extension in extensions.UnorderedExtensions)
        {
            _symbols.TryAdd(extension.FullName, file);
            _extensions.TryAdd((extension.ExtendeeType.FullName, extension.FieldNumber), file);
        }
    }
}
